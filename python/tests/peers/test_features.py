"""Features beside torchvision's modules on the same weights and tensors, under torchvision's names."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
torchvision = pytest.importorskip("torchvision", reason="make test-peers installs torchvision and runs this")

from safetensors.torch import load_file  # noqa: E402

import swiftalexnet as sa  # noqa: E402
from swiftalexnet.network import layer_names  # noqa: E402

SIDE = 224


@pytest.fixture(scope="module", params=["owt", "vgg-A"])
def both(request, tmp_path_factory):
    """Our network and torchvision's, with the same random weights."""
    model = sa.build(request.param, 10)
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    model.export(path, "torchvision")
    net = {"owt": torchvision.models.alexnet, "vgg-A": torchvision.models.vgg11}[request.param](num_classes=10)
    net.load_state_dict(load_file(path))
    return model, net.eval()


def of_modules(net, x: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """Return what each module gives before another one writes over it."""
    modules, seen = dict(net.named_modules()), {}
    for name in names:
        modules[name].register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.clone().numpy()}))
    with torch.inference_mode():
        net(torch.from_numpy(x))
    return seen


def test_every_module_is_the_layer_of_its_name(both):
    model, net = both
    images = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), np.uint8)
    names = ["features", "classifier", *layer_names.torchvision_names(model.variant)]
    ours = model.features(images, ["data", *names])
    theirs = of_modules(net, ours["data"], names)
    for name in names:
        largest = np.abs(theirs[name]).max()
        np.testing.assert_allclose(ours[name].reshape(theirs[name].shape), theirs[name], rtol=0, atol=1e-5 * largest)


def test_pooled_and_flattened_as_torch_does(both):
    model, _ = both
    images = np.random.default_rng(0).integers(0, 256, (3, 256, 256, 3), np.uint8)
    whole = torch.from_numpy(model.features(images, ["features"])["features"])
    flat = model.features(images, ["features"], flatten=True)["features"]
    assert np.array_equal(flat, torch.flatten(whole, 1).numpy())
    pooled = torch.nn.functional.adaptive_avg_pool2d(whole, 1).flatten(1).numpy()
    np.testing.assert_allclose(model.features(images, ["features"], pool="avg")["features"], pooled, rtol=1e-5)
