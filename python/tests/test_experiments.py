"""Every experiment runs and resumes after a stop, and its results become a page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cifar_files import encoded, write_zip
from PIL import Image
from support import needs

import swiftalexnet as sa

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "experiments"
CLASSES = ("cat", "dog", "ship")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return the folder of all results."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    """Write a zip archive with a few coloured images per class."""
    generator = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 12), ("test", 4)):
        for label, name in enumerate(CLASSES):
            for number in range(count):
                pixels = generator.integers(0, 90, (32, 32, 3), np.uint8)
                pixels[..., label] += 150
                files[f"{part}/{name}/{number:04d}.jpg"] = encoded(pixels)
    return write_zip(tmp_path_factory.mktemp("cifar") / "cifar.zip", files)


def run(script: str, *arguments: object) -> str:
    command = [sys.executable, str(FOLDER / f"{script}.py"), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def quick(script: str, results: Path, *arguments: object) -> list[dict]:
    """Run a script twice, the second time with nothing to do; return its runs."""
    output = results / f"{script}.json"
    before = len(json.loads(output.read_text())["runs"]) if output.exists() else 0
    options = (*arguments, "--quick", "--threads", 2, "--output", output)
    assert "already there" not in run(script, *options)
    first = output.read_text()
    runs = json.loads(first)["runs"]
    assert run(script, *options).count("already there") == len(runs) - before
    assert output.read_text() == first
    for each in runs:
        assert each["history"] and each["machine"]["threads"] == 2
        assert 0 <= each["seconds"] < 600, "rounded to tenths: a quick run may have none"
        assert each["versions"]["swiftalexnet"] == sa.__version__
        assert each["command"].startswith("python ") and "--quick" in each["command"]
    return runs


def test_figure1(cifar, results):
    runs = quick("figure1", results, "--cifar", cifar)
    phases = [(each["settings"]["phase"], each["settings"]["activation"]) for each in runs]
    assert phases == [(p, a) for a in ("relu", "tanh") for p in ("sweep", "sweep", "final", "final")]
    for each in runs:
        errors = [row["train_top1_error"] for row in each["history"]]
        assert each["epochs_to_target"] in (None, len(errors))
        assert (each["epochs_to_target"] is not None) == (errors[-1] <= 25)
        assert all(error > 25 for error in errors[:-1])


@pytest.mark.parametrize(("net", "views"), [("80sec", {"1"}), ("conv-local-13pct", {"1", "9", "10"})])
def test_cifar_nets(net, views, cifar, results):
    runs = quick("cifar_nets", results, "--cifar", cifar, "--net", net)
    assert runs[-1]["settings"]["net"] == net and runs[-1]["settings"]["epochs"] < 5
    assert runs[-1]["test"].keys() == views


def test_response_norm(cifar, results):
    runs = quick("response_norm", results, "--cifar", cifar)
    conditions = [(each["settings"]["seed"], each["settings"]["norms"]) for each in runs]
    assert conditions == [(seed, norms) for seed in (0, 1) for norms in ("with", "without")]


def test_networks_with_and_without_norms_start_alike():
    one, other = sa.cifar_net("18pct", seed=3), sa.cifar_net("18pct", seed=3, without=("norm1", "norm2"))
    for name, array in one.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Write a folder of noise, as photographs lie."""
    folder = tmp_path_factory.mktemp("photographs")
    generator = np.random.default_rng(0)
    for part, count in (("train", 8), ("validation", 4)):
        for name in CLASSES:
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (80, 90, 3), np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.jpg")
    return folder


def test_clothing(photographs, results):
    runs = quick("clothing", results, photographs, "--conditions", "base", "no_dropout", "tanh", "non_overlapping")
    assert len(runs) == 8 and all(each["test"].keys() == {"1", "10"} for each in runs)
    shared = {json.dumps(each["settings"]["data"]) for each in runs}
    assert len(shared) == 1


def test_small_data(photographs, results):
    names = ("suggested", "plain, decay 0.004", "plain, `18pct`")
    runs = quick("small_data", results, photographs, "--images", 6, "--settings", *names)
    assert [(each["settings"]["seed"], each["settings"]["setting"]) for each in runs] == [
        (seed, name) for seed in (0, 1) for name in names
    ]
    for each in runs:
        train, held_out, validation = each["settings"]["images"]
        assert train + held_out == 18 and validation == 12 and each["processor_seconds"] >= 0
        assert each["test"].keys() == each["held out"].keys() == {"1", "10"}
    assert runs[0]["settings"]["variant"] != runs[2]["settings"]["variant"]
    decays = [each["settings"]["recipe"]["weight_decay"] for each in runs[:3]]
    assert decays[1] == 0.004 and decays[0] == decays[2] == sa.recipe("small").weight_decay


def test_small_datas_table_groups_seeds():
    sys.path.insert(0, str(FOLDER))
    try:
        import small_data
    finally:
        sys.path.remove(str(FOLDER))
    runs = [
        made_run({"setting": name, "seed": seed, "images": [320, 80, 341]}, {"1": 50.0 + seed, "10": 49.0}, [9.0])
        | {"processor_seconds": 60.0, "held out": {"1": {"top1_error": 40.0 + seed}, "10": {"top1_error": 41.0}}}
        for name in ("suggested", "other")
        for seed in range(3)
    ]
    text = small_data.as_markdown(runs)
    row = "| 320 | 3 | 60 ± 0 | 3 | 41.0 ± 1.0 | 41.0 ± 0.0 | 51.0 ± 1.0 | 49.0 ± 0.0 |"
    assert f"| suggested {row}" in text and f"| other {row}" in text and "python of.py --0\npython of.py --1\n" in text


@pytest.mark.skipif("bfloat16" not in sa.info()["precisions"], reason="this processor has no bfloat16")
def test_precision(photographs, results):
    runs = quick("precision", results, photographs)
    conditions = [(each["settings"]["seed"], each["settings"]["precision"]) for each in runs]
    assert conditions == [(seed, precision) for seed in (0, 1) for precision in ("float32", "bfloat16")]
    assert runs[0]["history"][0]["train_loss"] != runs[1]["history"][0]["train_loss"], (
        "the precision reaches the engine"
    )


def test_bfloat16_is_judged_by_the_spread_of_seeds():
    sys.path.insert(0, str(FOLDER))
    try:
        import report_precision
    finally:
        sys.path.remove(str(FOLDER))

    def runs(**ends: list[float]) -> list[dict]:
        return [
            {
                "settings": {"precision": name},
                "history": [{"validation_top1_error": e} for e in (90, error, error, error)],
            }
            for name, errors in ends.items()
            for error in errors
        ]

    verdict = report_precision.verdict
    assert verdict(runs(float32=[20, 21, 22], bfloat16=[22, 23, 23])) == (
        "bfloat16 ends +1.67 points from float32, whose seeds lie 2.00 apart: within their spread."
    )
    assert "ends −2.50 points" in verdict(runs(float32=[20, 22], bfloat16=[18, 19]))
    assert "outside" in verdict(runs(float32=[20, 22], bfloat16=[18, 18.5]))
    for few in (runs(float32=[20, 21]), runs(float32=[20], bfloat16=[20]), []):
        assert "nothing can be said" in verdict(few)


def test_every_condition_differs_from_the_base_in_one_thing():
    sys.path.insert(0, str(FOLDER))
    try:
        import clothing
    finally:
        sys.path.remove(str(FOLDER))
    base = sa.alexnet("chm145", 10, image_size=64, initialization="zeros").spec.splitlines()[1:]
    for name, condition in clothing.CONDITIONS.items():
        spec = clothing.build(10, 64, condition, 0).spec.splitlines()[1:]
        assert (spec != base) != bool(condition.recipe) or name == "base", name
        assert (condition.towers == 1) == (not any("groups=2" in line for line in spec)) or name == "one_gpu", name


def made_run(settings: dict, errors: dict[str, float], training: list[float], **more) -> dict:
    """Return a run as an experiment writes it."""
    return {
        "settings": {"data": {"train": 30, "test": 400, "sha256": "0"}, "factor": 0.5, "epochs": 3} | settings,
        "history": [{"train_top1_error": error} for error in training],
        "test": {views: {"top1_error": error} for views, error in errors.items()},
        "seconds": 61.0,
        "command": f"python of.py --{settings['seed']}",
        "machine": {"cpu": "A processor", "threads": 2, "instruction set": "avx2"},
        "versions": {"swiftalexnet": "1.0"},
        **more,
    }


def made_results(folder: Path) -> Path:
    """Write results with three seeds of everything and numbers that are easy to check."""
    experiments = {"figure1": [], "cifar_nets": [], "response_norm": [], "clothing": [], "precision": []}
    for seed in range(3):
        for activation, epochs in (("relu", 2), ("tanh", 9)):
            settings = {"phase": "final", "activation": activation, "learning_rate": 0.01, "seed": seed, "target": 25}
            training = [70 - 5 * epoch - seed for epoch in range(epochs)]
            run = made_run(settings, {}, training, epochs_to_target=epochs + seed % 2, diverged=False)
            experiments["figure1"].append(run)
        for net, views in (("80sec", {"1": 26.0 + seed}), ("conv-local-11pct", {"1": 15.0, "9": 14.0, "10": 13.0})):
            experiments["cifar_nets"].append(made_run({"net": net, "seed": seed}, views, [60.0, 50.0, 40.0 - seed]))
        for norms, error in (("with", 18.0 + seed), ("without", 19.5 + seed)):
            experiments["response_norm"].append(made_run({"norms": norms, "seed": seed}, {"1": error}, [50.0]))
        for condition, error in (("base", 25.0), ("tanh", 30.0 + seed)):
            settings = {"condition": condition, "seed": seed, "size": 64, "resize": 72, "recipe": condition}
            run = made_run(settings, {"1": error, "10": error - 2}, [50.0])
            experiments["clothing"].append(run)
        for precision, error in (("float32", 25.0 + seed), ("bfloat16", 26.0)):
            settings = {"precision": precision, "seed": seed, "size": 64, "resize": 72}
            run = made_run(settings, {"1": error, "10": error - 2}, [50.0, 40.0])
            run["history"] = [
                row | {"validation_top1_error": error, "train_loss": 1.0, "validation_loss": 1.5}
                for row in run["history"]
            ]
            experiments["precision"].append(run)
    folder.mkdir()
    for name, runs in experiments.items():
        (folder / f"{name}.json").write_text(json.dumps({"runs": runs}))
    return folder


def test_report(tmp_path):
    needs("matplotlib")
    page, images = tmp_path / "docs" / "page.md", tmp_path / "docs" / "images"
    page.parent.mkdir()
    options = ("--output", page, "--images", images)
    run("report", *options, "--results", tmp_path)
    assert page.read_text().count("Not run.") == 5 and page.read_text().count("| not run |") == 5
    assert (
        "](reproduction)" not in page.read_text() and "report.py`; no experiment has been run yet." in page.read_text()
    )
    (images / "kernels.png").touch()
    run("report", *options, "--results", made_results(tmp_path / "results"))
    text = page.read_text()
    assert "](reproduction)" in text and "All runs here together took 31 min on 2 threads." in text
    assert "Not run." not in text and "python of.py --0\npython of.py --1\n" in text
    assert "| ReLU | 0.01 | 2, 3, 2 |" in text and "tanh takes 4.0 times as many" in text
    assert "| 80sec | 26 | 27.0 ± 1.0 (3 seeds) | – | – | 3 (× 0.5) |" in text
    assert "| conv-local-11pct | 11 | 15.0 ± 0.0 (3 seeds) | 14.0 ± 0.0 | 13.0 ± 0.0 | 3 (× 0.5) |" in text
    assert "| 18pct | 18 | not run |" in text
    assert "| 3 (× 0.5) | 3 | 20.5 ± 1.0 | 19.0 ± 1.0 | +1.5 ± 0.0 |" in text
    assert "| the authors' network | – | 25.0 ± 0.0 (3 seeds) | 23.0 ± 0.0 | −2.0 ± 0.0 | – |" in text
    assert "| 31.0 ± 1.0 (3 seeds) | 29.0 ± 1.0 | −2.0 ± 0.0 | +6.0 ± 1.0 |" in text
    assert "A processor, 2 threads, avx2; swiftalexnet 1.0; 7 min in all" in text
    assert "| bfloat16 | 3 | 1.000 ± 0.000 | 1.500 ± 0.000 | 26.0 ± 0.0 | 26.0 ± 0.0 | 24.0 ± 0.0 |" in text
    assert "bfloat16 ends +0.00 points from float32, whose seeds lie 2.00 apart: within their spread." in text
    for name in ("figure1", "cifar_nets", "clothing", "precision"):
        assert (images / f"{name}.png").read_bytes().startswith(b"\x89PNG") and f"](images/{name}.png)" in text
    assert "](images/kernels.png)" in text and "panel.png)" not in text


def test_hours_are_apart_by_threads():
    sys.path.insert(0, str(FOLDER))
    try:
        import tables
    finally:
        sys.path.remove(str(FOLDER))
    runs = [
        {"seconds": seconds, "machine": {"threads": threads}} for seconds, threads in ((7200, 2), (61, 1), (1800, 2))
    ]
    assert tables.durations(runs) == "2 min on 1 thread and 2.5 h on 2 threads"


def test_a_stopped_sweep_keeps_what_is_done(cifar, tmp_path):
    """If a run fails, the file keeps the earlier ones; the next call does only the others."""
    output = tmp_path / "r.json"
    options = ("--cifar", cifar, "--quick", "--output", output)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FOLDER), os.environ.get("PYTHONPATH", "")])}
    stop = (
        "import sys, figure1, experiment; do = figure1.train_one\n"
        "def stopping(*a):\n"
        "    if a[1] == 'tanh': raise KeyboardInterrupt\n"
        "    return do(*a)\n"
        "figure1.train_one = stopping; figure1.main()\n"
    )
    command = [sys.executable, "-c", stop, *map(str, options)]
    stopped = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert stopped.returncode != 0 and "KeyboardInterrupt" in stopped.stderr
    done = json.loads(output.read_text())["runs"]
    assert len(done) == 4 and {each["settings"]["activation"] for each in done} == {"relu"}
    assert run("figure1", *options).count("already there") == 4
    assert json.loads(output.read_text())["runs"][:4] == done
