"""Valid arguments of all entry points, of which a case replaces one or two."""

from typing import Any

from ..entries import Entry, Parameter
from ..world import World
from .instances import instance, known_owners
from .names import BY_NAME
from .native import known_functions, native_arguments
from .operands import in_words, known_operators, operands
from .package import package_arguments

__all__ = ["instance", "known_owners", "sound_arguments"]

_FREE = ("b", "out", "relu", "progress")  # of arguments that belong together, those that may be left out


def sound_arguments(entry: Entry, world: World, likely: float = 0.3) -> dict[str, Any]:
    """Return arguments with which a call succeeds: all that must be given, and others as often as `likely` says.

    Raises
    ------
    LookupError
        Nobody has said what a required parameter is: add it to this folder.
    """
    module, _, function = entry.name.partition(".")
    own = _operator_arguments(module, function, world) if module in ("ops", "_native") else None
    given = package_arguments(entry, world) if own is None else own
    needed = {each.name for each in entry.parameters if each.required or each.many} | (given.keys() - set(_FREE))
    return {
        each.name: _value(entry, each, given, world)
        for each in entry.parameters
        if each.name in needed or world.random.random() < likely
    }


def _value(entry: Entry, parameter: Parameter, given: dict[str, Any], world: World) -> Any:
    if parameter.name in given:
        return given[parameter.name]
    if parameter.name in BY_NAME and (parameter.required or parameter.default is None or parameter.many):
        return BY_NAME[parameter.name](world)
    if parameter.required or parameter.many:
        raise LookupError(f"{entry.name}: nobody has said what {parameter.name} is: see python/tests/fuzz/sound")
    return parameter.default


def _operator_arguments(module: str, name: str, world: World) -> dict[str, Any]:
    if module == "ops":
        return in_words(operands(name, world))
    if name in known_functions():
        return native_arguments(name, world)
    operator = name.removesuffix("_backward").removesuffix("_output_size")
    return operands(name, world) if operator in known_operators() else {}
