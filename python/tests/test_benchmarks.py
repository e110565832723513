"""The pure parts of the benchmarks: networks as tables, answers compared, goals, the table, the file of results."""

import io
import json
import tarfile

import numpy as np
import pytest
from script_modules import benchmark_modules
from support import photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.images.geometry import Geometry


@pytest.fixture(scope="module")
def benchmarks():
    """The scripts' modules."""
    names = "answers calibration checks comparison_table engines engines.swiftalexnet generated_shards goals jobs "
    names += "measure nets results"
    with benchmark_modules(*names.split()) as modules:
        yield modules


@pytest.fixture
def results(benchmarks, tmp_path):
    """An empty file of results."""
    machine = {"cpu": "A processor", "threads": 2, "instructions": "all"}
    return benchmarks["results"].Results(tmp_path / "results.json", machine)


def row(speeds: dict[str, float], limits: dict[str, float] | None = None, peak: int = 2**30) -> dict:
    """Return a row as `run.py` writes it."""
    engines = {
        name: {"median": speed, "slowest": speed, "fastest": 1.02 * speed, "peak_bytes": peak}
        for name, speed in speeds.items()
    }
    return {"engines": engines, "limits": limits or {}, "left_out": {}, "versions": {"pytorch": "1.0"}}


def lines(table: str) -> list[list[str]]:
    """Return the cells of a Markdown table's rows."""
    return [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize(
    ("variant", "build"),
    [
        ("paper", lambda: sa.alexnet("paper", num_classes=1000, initialization="zeros")),
        ("owt", lambda: sa.alexnet("owt", num_classes=1000, initialization="zeros")),
        ("vgg16", lambda: sa.vgg("D", num_classes=1000, initialization="zeros")),
    ],
)
def test_nets_are_the_networks_of_the_package(variant, build, benchmarks):
    nets = benchmarks["nets"]
    model = build()
    assert model.summary().macs == nets.macs(variant)
    shapes = {name: array.shape for name, array in model.parameters().items() if name.endswith(".weight")}
    assert {f"{name}.weight": shape for name, shape in nets.weight_shapes(variant).items()} == shapes


def test_a_training_step_has_three_products_but_for_the_images_gradient(benchmarks):
    nets = benchmarks["nets"]
    conv1 = 96 * 55 * 55 * 3 * 11 * 11
    assert nets.macs("paper", training=True) == 3 * nets.macs("paper") - conv1


def test_every_goal_speaks_of_a_figure_that_its_row_can_have(benchmarks):
    jobs, goals, engines = benchmarks["jobs"], benchmarks["goals"], benchmarks["engines"]
    for job in jobs.JOBS:
        peers = [contender for contender in job.contenders if contender.module != engines.OURS]
        kinds = {goals.LIMIT, goals.DIRECT, goals.OWN, goals.ANY, *(goals.BEST[each.precision] for each in peers)}
        kinds |= {contender.column for contender in peers}
        assert {goal.of for each in job.goals.values() for goal in each} <= kinds
        assert {each.name for each in job.contenders if each.module == engines.OURS} == job.goals.keys()
        assert job.contenders[0].precision == "float32", "the others are compared with the first"
        assert goals.OWN in job.goals, "the yardstick of our other arithmetics"
    assert len({job.title for job in jobs.JOBS}) == len(jobs.JOBS)


def test_peers_work_in_the_precisions_of_a_row_and_our_yardstick_stays(benchmarks):
    jobs, engines = benchmarks["jobs"], benchmarks["engines"]
    rows = {job.title: job for job in jobs.JOBS}
    names = {title: {each.name for each in job.contenders} for title, job in rows.items()}
    assert "PyTorch NHWC int8" in names["int8 inference, paper, batch 16"]
    assert "PyTorch NHWC" not in names["int8 inference, paper, batch 16"]
    assert "OpenCV" in names["inference, paper, batch 1"] and "OpenCV" not in names["training, paper, batch 128"]
    row = rows["int8 inference, owt, batch 1"]
    some = ("ONNX Runtime int8", "OpenVINO int8", jobs.F32, jobs.INT8)
    found = [each.name for each in row.taking_part(some, ["int8"])]
    assert found == [jobs.F32, "ONNX Runtime int8", "OpenVINO int8", jobs.INT8]
    plain = rows["inference, owt, batch 128"].taking_part(engines.CONTENDERS, ["bfloat16"])
    assert {each.precision for each in plain} == {"bfloat16"}


def test_quotients_are_against_the_hardest_peer(benchmarks):
    goals = benchmarks["goals"]
    speeds = {"swiftalexnet float32": 150.0, "PyTorch NCHW": 50.0, "PyTorch NHWC": 60.0, "OpenVINO": 100.0}
    speeds["TensorFlow bfloat16"] = 300.0
    figures = goals.compare(speeds, "swiftalexnet float32")
    assert figures == {
        goals.OWN: 1,
        "PyTorch float32": 2.5,
        "OpenVINO float32": 1.5,
        "TensorFlow bfloat16": 0.5,
        goals.FLOAT32: 1.5,
        goals.DIRECT: 1.5,
        goals.BFLOAT16: 0.5,
        goals.ANY: 0.5,
    }
    values = {"swiftalexnet float32": 1.5, "PyTorch NCHW": 3, "TensorFlow": 2}
    peaks = goals.compare(values, "swiftalexnet float32", lower_is_better=True)
    assert peaks[goals.ANY] == 0.75 and peaks["PyTorch float32"] == 0.5
    assert goals.compare({"OpenVINO": 100.0}, "swiftalexnet float32") == {}
    assert goals.compare({"swiftalexnet int8": 1.0}, "swiftalexnet int8") == {}


def test_quotients_of_transforms_and_of_int8(benchmarks):
    goals = benchmarks["goals"]
    speeds = {"OpenCV": 300.0, "TensorFlow": 100.0, "swiftalexnet float32": 150.0, "swiftalexnet fast_math": 450.0}
    figures = goals.compare(speeds, "swiftalexnet fast_math")
    assert figures[goals.FLOAT32] == figures["OpenCV float32"] == 1.5, "it is a float32 peer too"
    assert figures[goals.DIRECT] == 4.5 and figures[goals.OWN] == 3
    figures = goals.compare(
        {"OpenVINO int8 in bfloat16": 250.0, "OpenVINO int8": 200.0, "swiftalexnet int8": 500.0}, "swiftalexnet int8"
    )
    assert figures == {"OpenVINO int8": 2, goals.BEST["int8"]: 2, goals.ANY: 2}


def test_goals(benchmarks):
    goals = benchmarks["goals"]
    goal = goals.Goal(1.4, goals.FLOAT32)
    assert str(goals.Goal(3.2, goals.OWN)) == "≥ 3.2 × swiftalexnet float32"
    assert str(goals.Goal(1.1, "OpenVINO int8")) == "≥ 1.1 × OpenVINO int8"
    assert str(goal) == "≥ 1.4 × best float32 peer" and str(goals.Goal(0.75, goals.LIMIT)) == "≥ 75% of the limit"
    assert str(goals.Goal(0.05, "off", True)) == "≤ 0.05"
    assert goal.met({goals.FLOAT32: 1.4}) is True and goal.met({goals.FLOAT32: 1.39}) is False
    assert goal.met({}) is None
    assert goals.Goal(1.0, goals.ANY, at_most=True).met({goals.ANY: 0.7}) is True


def test_table(benchmarks, results):
    nets = benchmarks["nets"]
    limit = 2 * nets.macs("paper") * 200.0
    speeds = {"PyTorch NCHW": 80.0, "PyTorch NHWC": 100.0, "OpenVINO bfloat16": 250.0}
    ours = {"swiftalexnet float32": 150.0, "swiftalexnet bfloat16": 300.0}
    results.add("inference, paper, batch 128", row(speeds | ours, {"float32": limit}))
    table = benchmarks["comparison_table"].markdown(results)
    titles, _, *found = lines(table)
    cells = [dict(zip(titles, each, strict=True)) for each in found]
    assert [each["work"] for each in cells] == [
        "inference, paper, batch 128, float32, images/s",
        "inference, paper, batch 128, bfloat16, images/s",
    ]
    first, second = cells
    assert first["PyTorch float32"] == "100" and first["TensorFlow float32"] == "–" and first["swiftalexnet"] == "150"
    assert (first["÷ best of its precision"], first["÷ best"], first["of the limit"]) == ("1.5", "0.6", "75%")
    assert first["goal"] == "≥ 1.4 × best direct float32 peer; ≥ 75% of the limit" and first["met"] == "yes"
    assert (second["÷ best of its precision"], second["÷ best"], second["of the limit"]) == ("1.2", "1.2", "–")
    assert second["goal"] == "≥ 3 × best peer" and second["met"] == "no"
    assert table.startswith("A processor, 2 threads") and "pytorch 1.0" in table and "2.0% above" in table


def test_table_says_who_was_left_out_and_judges_nothing_without_a_figure(benchmarks, results):
    measured = row({"PyTorch NCHW": 80.0, "swiftalexnet float32": 150.0})
    measured["left_out"] = {"swiftalexnet bfloat16": "no instructions"}
    results.add("inference, paper, batch 128", measured)
    table = benchmarks["comparison_table"].markdown(results)
    titles, _, *found = lines(table)
    first, second = (dict(zip(titles, each, strict=True)) for each in found)
    assert first["met"] == "–", "its share of the limit was not measured"
    assert second["met"] == "–" and second["÷ best"] == "–"
    assert "- inference, paper, batch 128: swiftalexnet bfloat16: no instructions" in table


def test_table_of_memory(benchmarks, results):
    measured = row({"PyTorch NCHW": 80.0, "swiftalexnet float32": 150.0}, peak=3 * 2**29)
    measured["engines"]["PyTorch NCHW"]["peak_bytes"] = 2**31
    results.add("training, paper, batch 128", measured)
    found = [line for line in lines(benchmarks["comparison_table"].markdown(results)) if "memory" in line[0]]
    assert found[0][0] == "peak memory of training, paper, batch 128, float32, GiB"
    assert found[0][1] == "2" and found[0][-5:] == ["0.75", "0.75", "–", "≤ 1 × best peer", "yes"]


def test_rows_accumulate_and_machines_do_not_mix(benchmarks, results):
    results.add("a", row({"PyTorch NCHW": 1.0}))
    results.add("b", row({"PyTorch NCHW": 2.0}))
    again = benchmarks["results"].Results(results.path, results.machine)
    again.add("a", row({"PyTorch NCHW": 3.0}))
    stored = json.loads(results.path.read_text())["rows"]
    assert {title: each["engines"]["PyTorch NCHW"]["median"] for title, each in stored.items()} == {"a": 3.0, "b": 2.0}
    with pytest.raises(ValueError, match="choose another --out"):
        benchmarks["results"].Results(results.path, {**results.machine, "threads": 1})


def test_wrong_answers_are_told_from_rounding(benchmarks):
    disagreement, contenders = benchmarks["answers"].disagreement, benchmarks["engines"].CONTENDERS
    expected = np.linspace(-1, 1, 1000, dtype=np.float32).reshape(2, 500)
    off = expected + np.float32(1e-3)
    assert disagreement(expected, expected, contenders["PyTorch NCHW"], gradient=False) is None
    assert "off by 1.00e-03" in disagreement(off, expected, contenders["PyTorch NCHW"], gradient=False)
    assert disagreement(off, expected, contenders["PyTorch NCHW autocast"], gradient=False) is None
    assert disagreement(off, expected, contenders["swiftalexnet int8 weights"], gradient=False) is None
    assert disagreement(off, expected, contenders["swiftalexnet fast_math"], gradient=False)
    assert disagreement(expected * np.nan, expected, contenders["TensorFlow"], gradient=True)


def test_wrong_answers_in_int8(benchmarks):
    """All images have nearly the same logits, as those of random networks have."""
    disagreement, int8 = benchmarks["answers"].disagreement, benchmarks["engines"].CONTENDERS["ONNX Runtime int8"]
    rng = np.random.default_rng(0)
    expected = rng.standard_normal(1000) + 0.03 * rng.standard_normal((16, 1000))
    rounded = expected + 0.01 * rng.standard_normal(expected.shape)
    assert disagreement(rounded, expected, int8, gradient=False) is None
    for answer, complaint in (
        (1.1 * rounded, "logits off by 1.0"),
        (rounded[::-1], "sets images apart"),
        (np.tile(expected.mean(axis=0), (16, 1)), "sets images apart"),
        (np.where(expected < expected.max(axis=1, keepdims=True), rounded, 2), "first classes"),
        (rounded * np.nan, "logits off by nan"),
    ):
        assert complaint in (disagreement(answer, expected, int8, gradient=False) or "nothing")


def test_images_of_calibration_have_the_spread_of_those_that_are_timed(benchmarks):
    calibration, nets = benchmarks["calibration"], benchmarks["nets"]
    images, tensors = calibration.images(), calibration.tensors()
    assert images.dtype == np.uint8 and tensors.shape == (calibration.COUNT, *nets.IMAGE)
    assert np.array_equal(tensors.transpose(0, 2, 3, 1) + calibration.MEAN, images)
    assert tensors.std() == pytest.approx(nets.batch(1)[0].std(), rel=0.01)


def test_ours_is_quantised_by_the_tensors_of_the_peers(benchmarks, monkeypatch):
    calibration, engines = benchmarks["calibration"], benchmarks["engines"]
    given = []

    def quantize(model, images):
        given.append(images)
        return model

    monkeypatch.setattr(sa.Model, "quantize", quantize, raising=False)
    setting = engines.Setting(engines.CONTENDERS["swiftalexnet int8"], "owt", 1, 1)
    model = benchmarks["engines.swiftalexnet"].Engine(setting, benchmarks["nets"].weights("owt")).model
    (images,) = given
    tensors = calibration.tensors()[:1]
    assert np.array_equal(model.probabilities(images[:1]), sa.ops.softmax(model.forward(tensors)))


def test_a_hopeless_peer_runs_one_round(benchmarks):
    contenders, is_hopeless = benchmarks["engines"].CONTENDERS, benchmarks["measure"].is_hopeless
    slow, quick, ours = (contenders[name] for name in ("TensorFlow bfloat16", "TensorFlow", "swiftalexnet float32"))
    speeds = {slow.name: [], quick.name: [10.0], ours.name: [1.0]}
    assert not is_hopeless(slow, speeds), "it has not run yet"
    speeds[slow.name] = [1.9]
    assert is_hopeless(slow, speeds) and not is_hopeless(quick, speeds)
    assert not is_hopeless(ours, speeds), "ours always run"


def test_an_engine_answers_from_its_own_process(benchmarks):
    """One real race: ours alone, one image."""
    jobs, measure, contenders = benchmarks["jobs"], benchmarks["measure"], benchmarks["engines"].CONTENDERS
    job = jobs.Job("inference", "owt", 1, {}, rounds=2)
    result = measure.race(job, [contenders["swiftalexnet float32"]], 1)
    (engine,) = result["engines"].values()
    assert 0 < engine["slowest"] <= engine["median"] <= engine["fastest"]
    assert engine["peak_bytes"] > 4 * 61_000_000 and not result["left_out"]


def test_fast_math_is_put_beside_direct_sums(benchmarks, monkeypatch):
    checks, jobs = benchmarks["checks"], benchmarks["jobs"]

    def race(job, contenders, threads):
        names = [contender.name for contender in contenders]
        assert names == [jobs.F32, jobs.F32_FAST] and threads == 2 and job.repeats * job.batch_size == 16
        return row({jobs.F32: 10.0, jobs.F32_FAST: 10.0 + job.batch_size})

    monkeypatch.setattr(checks, "race", race)
    (check,) = (each for each in checks.CHECKS if each.title == "fast_math, inference, owt")
    figures = check.measure(2, 1)
    assert list(figures.values()) == [1.1, 1.2, 1.4, 1.8, 2.6] and {goal.of for goal in check.goals} == figures.keys()
    assert all(goal.met(figures) for goal in check.goals)


def test_generated_shards(benchmarks, tmp_path):
    made = benchmarks["generated_shards"]
    data = sa.ShardedDataset(made.names(10_003), opener=made.opener(10_003), index=tmp_path / "index")
    assert len(data) == 10_003 and data.labels[1007] == 7 and data.name(10_001) == "train-0001.tar/00010001.jpg"
    written = sa.write_shards(made.GeneratedImages(3), tmp_path / "out", order="stored", progress=False)
    stored = sa.ShardedDataset(written.pattern)
    assert [stored.encoded(index) for index in range(3)] == [data.encoded(index) for index in range(3)]
    image = data.image(10_002, Geometry(256, 3, "area"))
    assert image.std() > 5 and np.array_equal(image, data.image(10_002, Geometry(256, 3, "area")))
    with tarfile.open(fileobj=io.BytesIO(made.GeneratedShard(5, 2).read(0, 10**9))) as tar:
        assert [(member.name, member.mtime) for member in tar] == [
            (f"0000000{number}.{kind}", 0) for number in (5, 6) for kind in ("jpg", "cls")
        ]
        assert tar.extractfile("00000006.jpg").read() == made.encoded(6)


def test_what_eight_bits_cost_is_measured_on_all_images_together(tmp_path):
    model, folder = tiny_model(), photo_folder(tmp_path / "photographs" / "train", 4)
    photo_folder(tmp_path / "photographs" / "validation", 2)
    photo_folder(tmp_path / "photographs" / "test", 1)
    model.fit(sa.ImageFolder(folder), epochs=1, recipe=quick_recipe(), progress=False)
    model.save(tmp_path / "m")
    with benchmark_modules("quantized_accuracy") as modules:
        script = modules["quantized_accuracy"]
        rows = script.measure(tmp_path / "m", tmp_path / "photographs", ["percentile", "mse"], 16)
        assert [row["method"] for row in rows] == ["percentile 99.99", "mse"]
        for row in rows:
            assert row["images"] == 12 and row["lost"] == pytest.approx(row["top-1 % float32"] - row["int8"])
        assert len(lines(script.table(rows))) == 4


def test_a_table_of_fast_convolutions():
    with benchmark_modules("fast_math_layers") as modules:
        script = modules["fast_math_layers"]
        rows = {1: {"conv1": (2.0, 1.0), "conv2": (4.0, 5.0)}, 8: {"conv1": (9.0, 3.0), "conv2": (9.0, 3.0)}}
        assert lines(script.table("owt", rows)) == [
            ["owt", "conv1", "conv2", "all"],
            ["---", "--:", "--:", "--:"],
            ["batch 1", "2.00", "0.80", "1.00"],
            ["batch 8", "3.00", "3.00", "3.00"],
        ]
        measured = script.times(tiny_model(), 1, rounds=2)
        assert measured and all(direct > 0 < fast for direct, fast in measured.values())


def test_ends_of_training_are_tabled_with_the_range_of_each_method():
    with benchmark_modules("fast_math_training") as modules:
        script = modules["fast_math_training"]
        assert script.boundaries(40) == (25, 35) and script.boundaries(10) == (6, 8)
        epochs = [{"validation_top1_error": error, "validation_loss": 1.5, "train_loss": 1.0} for error in (50.0, 40.0)]
        rows = [{"method": name, "seed": seed, **script.last(epochs)} for seed in (0, 1) for name in script.METHODS]
        rows[3]["top-1 error, %"] = 42.0
        assert [cells[2] for cells in lines(script.table(rows))[2:]] == [
            *("40.000", "40.000", "40.000", "42.000"),
            *("40.000 to 40.000", "40.000 to 42.000"),
        ]
