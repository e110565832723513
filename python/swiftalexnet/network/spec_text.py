"""Changes of a specification's text: one line names the network, one the input, one each node."""

from .layer_names import node_name


def cut_behind(spec: str, variant: str | None, layer: str, operation: str) -> str:
    """Return the specification that ends with a layer, by our name, torchvision's or Keras's.

    Raises
    ------
    ValueError
        The network has no such node.
    """
    first, data, *nodes = spec.splitlines()
    names = [line.split()[1] for line in nodes]
    end = names.index(node_name(variant, layer, names, operation)) + 1
    return "\n".join([first, data, *nodes[:end]]) + "\n"
