"""The fuzzer knows every entry point, command, variable and file format, and valid uses of each."""

import inspect
import re
from pathlib import Path
from random import Random

import pytest
from fuzz.entries import OPTIONS, entries
from fuzz.files.formats import formats, header_text, rebuilt_cache, rebuilt_safetensors
from fuzz.sound import known_owners
from fuzz.trials import commands, processes
from fuzz.trials.calls import CHANGES, DOCUMENTED, REFUSED, SLOW, STOPS_IN_THE_MIDDLE, make_call
from fuzz.world import Shared, World

import swiftalexnet as sa
from swiftalexnet import _native, attribution, ops, plots


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("fuzz")
        patch.chdir(folder)
        patch.setattr("tempfile.tempdir", str(folder))
        patch.setattr("swiftalexnet.data.cifar.batches.RECORDS", 8)
        made = Shared()
        yield made
        made.close()


@pytest.fixture
def world(shared, request):
    made = World(Random(request.node.name), shared)
    yield made
    made.close()


def test_everything_that_is_exported_is_an_entry_point():
    names = set(entries())
    exported = {name for name in sa.__all__ if callable(getattr(sa, name))}
    errors = {
        name for name in exported if isinstance(getattr(sa, name), type) and issubclass(getattr(sa, name), Exception)
    }
    assert exported - errors - {"Dataset"} <= names  # which is what others write
    assert {f"ops.{name}" for name in ops.__all__} | {f"plots.{name}" for name in plots.__all__} <= names
    functions = {name for name in attribution.__all__ if inspect.isfunction(getattr(attribution, name))}
    assert {f"attribution.{name}" for name in functions} <= names
    functions = {name for name in dir(_native) if inspect.isbuiltin(getattr(_native, name))}
    methods = {f"Network.{name}" for name in dir(_native.Network) if not name.startswith("__")}
    assert {f"_native.{name}" for name in functions | methods} <= names
    methods = {name for name in dir(sa.Model) if not name.startswith("_")}
    assert {f"Model.{name}" for name in methods} <= names


def test_what_is_said_of_entry_points_is_said_of_some_that_are_there():
    for named in (CHANGES, STOPS_IN_THE_MIDDLE, DOCUMENTED, OPTIONS, REFUSED, SLOW):
        assert set(named) <= set(entries())
    assert {entry.owner for entry in entries().values()} - {None} <= known_owners()


@pytest.mark.parametrize("name", sorted(entries().keys() - REFUSED))
def test_a_sound_call_succeeds(name, shared):
    """If a new entry point fails here: say in fuzz/sound what its parameters are."""
    for number in range(1 if name in SLOW else 3):
        world = World(Random(f"{name} {number}"), shared)
        try:
            call = make_call(world, name, hostile=False)
            assert call.sound
            call.run()
        finally:
            _native.fail_allocation_after(-1)
            world.close()


@pytest.mark.parametrize("name", commands.commands())
def test_a_sound_command_succeeds(name, world, capsys):
    """If a new option fails here: say in fuzz/trials/commands.py what it takes."""
    words = commands.arguments(name, world, likely=0.1)
    assert commands.run([name, *words]) is None, capsys.readouterr().err
    for action in commands.commands()[name]._actions:
        if action.nargs != 0 and not isinstance(action, commands.argparse._HelpAction):
            assert commands._word(action, world)


@pytest.mark.parametrize("name", formats())
def test_a_sound_file_is_read(name, world):
    path = world.new_file()
    path.write_bytes(formats()[name].content(world))
    try:
        formats()[name].read(world, path)
    except ValueError as error:  # images of 32 bits have no known range
        assert re.search("TIFF (I|F)", name) and "range" in str(error)


def test_rebuilt_files_are_as_good_as_new(world):
    for name in ("model", "checkpoint"):
        kind = formats()[name]
        data = kind.content(world)
        for path, content in ((world.new_file(), data), (world.new_file(), rebuilt_safetensors(data, header_text))):
            path.write_bytes(content)
        assert kind.read(world, path) == kind.read(world, path)
    data = formats()["cache of images"].content(world)
    assert rebuilt_cache(data, lambda index: index) == data


def test_every_variable_of_the_package_is_set():
    package = Path(sa.__file__).parent
    files = [*package.rglob("*.py"), Path(_native.__file__)]
    found = {name for file in files for name in re.findall(rb"\bSWIFTALEXNET_[A-Z_]+", file.read_bytes())}
    assert {name.decode() for name in found} <= set(processes.VARIABLES)
