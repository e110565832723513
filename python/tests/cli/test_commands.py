"""All commands: their parsers, and that failing output never stops or damages their work."""

import json
import os
import signal
import subprocess
import warnings

import pytest
from command_line import PROGRAM, environment, process, refused, run
from support import photo_folder, terminal, tiny_model

import swiftalexnet as sa
from swiftalexnet.cli.commands import COMMANDS, module_of
from swiftalexnet.cli.parser import command_parser, with_default

TRAIN = ["train", "photos", "--variant", "cifar-80sec", "--recipe", "cifar-80sec", "--epochs", "2", "--batch-size", "8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a model and photographs."""
    path = tmp_path_factory.mktemp("commands")
    model = tiny_model()
    model.classes = ("bright", "dark", "low", "top")
    model.save(path / "m.safetensors")
    photo_folder(path / "photos", count=12)
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_its_default(name):
    parser = command_parser(module_of(name))
    assert "%" not in parser.format_help()
    for action in parser._actions:
        takes_value = action.nargs != 0 and not action.required
        if takes_value and action.dest not in ("help", "first_model", "model", "folder", "resume"):
            assert "default" in with_default(action), action.dest


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_takes_general_options_anywhere(name, capsys):
    code, out, err = run(capsys, name, "--help")
    assert code == 0 and out.startswith(f"usage: swiftalexnet {name}") and not err
    options = command_parser(module_of(name))
    assert {"--json", "--threads"} <= {flag for action in options._actions for flag in action.option_strings}


def test_help_and_version(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0 and all(name in out for name in COMMANDS)
    assert run(capsys, "--version") == (0, f"swiftalexnet {sa.__version__}\n", "")


def test_threads_may_stand_before_the_command_and_after(capsys):
    before = sa.get_num_threads()
    for words in (["--threads", 1, "info"], ["info", "--threads", 1]):
        code, out, _ = run(capsys, *words, "--json")
        assert code == 0 and json.loads(out)["threads"] == "1"
        sa.set_num_threads(before)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "command"),
        (["trian", "photos"], "did you mean 'train'?"),
        (["--threads", "0", "info"], "--threads"),
        (["info", "--threads", "1e3"], "--threads"),
        (["info", "more"], "'more'"),
        (["train", "photos", "--epocs", "3"], "did you mean '--epochs'?"),
        (["train", "photos", "--epochs", "0"], "--epochs"),
        (["train", "photos", "--epochs", "1" * 5000], "--epochs"),
        (["train", "photos", "--learning-rate", "nan"], "--learning-rate"),
        (["train", "photos", "--learning-rate", "0"], "--learning-rate"),
        (["train", "photos", "--learning-rate", "-1"], "--learning-rate"),
        (["train", "photos", "--old-rate", "-0.1"], "--old-rate"),
        (["train", "photos", "--batch-size", "0"], "--batch-size"),
        (["train", "photos", "--seed", "-1"], "--seed"),
        (["train", "photos", "--seed", str(2**64)], "--seed"),
        (["train", "photos", "--image-size", "99999999"], "--image-size"),
        (["train", "photos", "--variant", "papr"], "did you mean 'paper'?"),
        (["train", "photos", "--recipe", "papr"], "did you mean 'paper'?"),
        (["train", "photos", "--initialization", "glorrot"], "did you mean 'glorot'?"),
        (["train", "photos", "--precision", "bfloat"], "did you mean 'bfloat16'?"),
        (["train", "photos", "--on-error", "ignore"], "--on-error"),
        (["train", "photos", "--hold-out", "1"], "--hold-out"),
        (["train", "photos", "--hold-out", "1e999999999"], "--hold-out"),
        (["train", "photos", "--hold-out", "0.2", "--no-validation"], "--no-validation"),
        (["train", "photos", "others"], "'others'"),
        (["predict", "m", "x.jpg", "--crops", "2"], "--crops"),
        (["predict", "m", "x.jpg", "--scales", "24,big"], "--scales"),
        (["predict", "m", "x.jpg", "--scales", ""], "--scales"),
        (["predict", "m", "x.jpg", "--top", "0"], "--top"),
        (["memory", "--batch", "0"], "--batch"),
        (["memory", "--weights", "int4"], "did you mean 'int8'?"),
        (["profile", "--repeats", "0"], "--repeats"),
        (["cache", "photos", "file", "--side", "0"], "--side"),
        (["cache", "photos", "file", "--channels", "2"], "--channels"),
        (["colors", "photos", "--size", "-4"], "--size"),
        (["panel", "m"], "--test"),
    ],
    ids=str,
)
def test_unknown_names_are_one_line_that_names_them(words, message, capsys):
    assert message in refused(capsys, *words)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "missing"], ["train", "."], ["evaluate", ".", "--model", "missing"], ["evaluate", "m", "."],
        ["predict", "m", "missing.jpg"], ["predict", "missing", "photos"], ["predict", "broken", "photos"],
        ["predict", "m", "photos", "--scales", "19"], ["summary", "papr"], ["summary", "broken"],
        ["kernels", "missing"],
        ["memory", "m", "--classes", "3"], ["panel", "m", "--test", "missing", "--train", "missing"],
        ["cache", "missing", "file"], ["cache", "photos", "missing/file"], ["colors", "missing"], ["resume", "missing"],
        ["evaluate", "m", "photos", "--plot", "missing/c.png"], ["kernels", "m", "--layer", "conv9"],
        ["memory", "m", "--batch", "2", "--training", "--weights", "int8"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_errors_are_reported_in_one_line(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_model().save("m")
    photo_folder(tmp_path / "photos", count=2)
    (tmp_path / "broken").write_bytes(b"nothing")
    refused(capsys, *words)


REDIRECTIONS = {
    "no standard error": "2>&-",
    "no output at all": ">&- 2>&- <&-",
    "full disks": ">/dev/full 2>/dev/full",
    "nobody who reads errors": "2> >(true)",
    "nobody who reads": "2>&1 | true",
}


@pytest.mark.parametrize("redirection", REDIRECTIONS.values(), ids=REDIRECTIONS)
@pytest.mark.parametrize("quiet", [[], ["--quiet"]], ids=["", "quiet"])
def test_training_ends_well_wherever_its_output_goes(redirection, quiet, folder, tmp_path):
    output = tmp_path / "trained.safetensors"
    done = process(*TRAIN, *quiet, "--output", output, redirection=redirection, folder=folder)
    assert done.returncode == 0, done.stderr
    assert sa.load(output).num_classes == 4 and os.listdir(tmp_path) == ["trained.safetensors"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_training_works_with_every_encoding(encoding, folder, tmp_path):
    done = process(*TRAIN, "--no-validation", "--output", tmp_path / "m", folder=folder, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "train loss" in done.stderr


def test_training_outlives_its_terminal(folder, tmp_path):
    ours, other = terminal()
    command = [*PROGRAM, *TRAIN, "--output", str(tmp_path / "m")]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdin=other, stdout=other, stderr=other, start_new_session=True
    )
    os.close(other)
    os.close(ours)  # whatever is written now is an input/output error
    assert process.wait(timeout=120) == 0
    assert sa.load(tmp_path / "m").num_classes == 4


RESULTS = {
    "evaluate": ["evaluate", "m.safetensors", "photos", "--quiet"],
    "predict": ["predict", "m.safetensors", "photos", "--quiet"],
    "csv": ["predict", "m.safetensors", "photos", "--csv"],
    "summary": ["summary", "m.safetensors"],
    "memory": ["memory", "m.safetensors"],
    "info": ["info"],
    "json": ["info", "--json"],
    "colors": ["colors", "photos", "--quiet"],
    "help": ["train", "--help"],
    "version": ["--version"],
}


@pytest.mark.parametrize("words", RESULTS.values(), ids=RESULTS)
def test_results_that_cannot_be_written_change_the_status(words, folder):
    """On a full disk or a closed output the exit status reports it; a reader that has closed the pipe is no error."""
    assert process(*words, folder=folder).returncode == 0
    full = process(*words, redirection=">/dev/full", folder=folder)
    assert full.returncode == 1 and "Traceback" not in full.stderr
    assert process(*words, redirection=">&-", folder=folder).returncode == 1
    assert process(*words, redirection="2>&-", folder=folder).returncode == 0
    assert process(*words, redirection="2>/dev/full", folder=folder).returncode == 0
    left = process(*words, redirection="| true", folder=folder)
    assert left.returncode == 0 and not left.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_results_are_printed_in_every_encoding(encoding, folder):
    for words in RESULTS.values():
        done = process(*words, folder=folder, PYTHONIOENCODING=encoding)
        assert done.returncode == 0 and done.stdout, done.stderr


def test_json_of_a_training_must_arrive_and_the_model_is_saved_anyway(folder, tmp_path):
    done = process(*TRAIN, "--json", "--output", tmp_path / "m", redirection=">/dev/full", folder=folder)
    assert done.returncode == 1 and "standard output" in done.stderr
    assert sa.load(tmp_path / "m").num_classes == 4


def test_a_model_file_never_takes_the_place_of_an_output(folder, tmp_path):
    """A file opened while descriptor 1 or 2 is closed would get that number and everything that libraries print."""
    done = process(*TRAIN, "--output", tmp_path / "m", redirection=">&- 2>&- <&-", folder=folder)
    assert done.returncode == 0 and sa.load(tmp_path / "m").num_classes == 4


def test_a_host_program_keeps_its_signals_and_warnings(capsys):
    before = signal.getsignal(signal.SIGTERM), warnings.showwarning
    assert run(capsys, "info")[0] == 0
    assert (signal.getsignal(signal.SIGTERM), warnings.showwarning) == before


@pytest.mark.parametrize("variable", ["SWIFTALEXNET_ISA", "SWIFTALEXNET_GEMM"])
def test_an_invalid_environment_is_one_line(variable):
    done = process("info", **{variable: "abacus"})
    assert done.returncode == 2 and done.stderr.startswith("swiftalexnet: ")
    assert variable in done.stderr and len(done.stderr.splitlines()) == 1


def test_importing_it_is_fast():
    heavy = ["PIL", "matplotlib", "tqdm", "safetensors", "swiftalexnet.training.fit", "swiftalexnet.cli.train"]
    code = f"import sys, swiftalexnet.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([PROGRAM[0], "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
