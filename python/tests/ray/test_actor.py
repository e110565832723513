"""The classes that Ray's actors are made of, called on batches without Ray."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, labelled_images, needs, tiny_model

import swiftalexnet as sa

COUNT = 7
BROKEN = 4  # the row whose image cannot be read
GOOD = [number for number in range(COUNT) if number != BROKEN]


@pytest.fixture(scope="module")
def model():
    made = tiny_model()
    made.classes = CLASSES
    return made


@pytest.fixture(scope="module")
def images():
    return labelled_images(COUNT)[0]


@pytest.fixture(scope="module")
def contents(images):
    """What PNG files hold, one of them broken."""
    found = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        found.append(file.getvalue())
    found[BROKEN] = found[BROKEN][:60]
    return found


@pytest.fixture(scope="module")
def batch(contents):
    """A batch that may not be written to."""
    arrays = {"bytes": objects(contents), "path": objects(map(str, range(COUNT))), "number": np.arange(COUNT)}
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


@pytest.fixture(scope="module")
def expected(model, images):
    return model.predict(list(images[GOOD]))


def objects(values) -> np.ndarray:
    listed = list(values)
    array = np.empty(len(listed), object)
    array[:] = listed
    return array


def check(answers, expected, rows=GOOD):
    """Compare answers, a dict of columns, with predictions bit for bit."""
    for row, prediction in zip(rows, expected, strict=True):
        assert answers["label"][row] == prediction.labels[0] and answers["class"][row] == prediction.classes[0]
        assert answers["probability"][row] == np.float32(prediction.probabilities[0])
        assert tuple(answers["top5_labels"][row]) == prediction.labels
        assert tuple(answers["top5_probabilities"][row]) == prediction.probabilities


def test_answers_have_the_bits_of_predict_and_every_row_comes_back(model, batch, expected):
    answers = sa.ray.Classify(model)(batch)
    assert list(answers) == ["path", "number", *sa.ray.Classify(model).columns]
    assert {name: len(column) for name, column in answers.items()} == dict.fromkeys(answers, COUNT)
    check(answers, expected)
    assert answers["label"][BROKEN] == -1 and answers["class"][BROKEN] == ""
    assert np.isnan(answers["probability"][BROKEN]) and np.isnan(answers["top5_probabilities"][BROKEN]).all()
    assert [bool(text) for text in answers["error"]] == [number == BROKEN for number in range(COUNT)]
    assert answers["error"][BROKEN].startswith(f"{BROKEN} cannot be decoded")


@pytest.mark.parametrize(
    "options",
    [{"crops": 10}, {"dense": True}, {"scales": [24, 31], "crops": 9}, {"weights": "int8"}, {"precision": "auto"}],
    ids=str,
)
def test_views_and_arithmetic_are_those_of_predict(model, batch, images, options):
    answers = sa.ray.Classify(model, **options)(batch)
    check(answers, model.predict(list(images[GOOD]), **options))
    assert answers["label"][BROKEN] == -1 and answers["error"][BROKEN]


def test_top_names_the_columns(model, batch):
    answers = sa.ray.Classify(model, top=2)(batch)
    assert answers["top2_labels"].shape == answers["top2_probabilities"].shape == (COUNT, 2)


def test_without_names_a_class_is_its_number(batch):
    answers = sa.ray.Classify(tiny_model())(batch)
    assert [answers["class"][row] for row in GOOD] == [str(answers["label"][row]) for row in GOOD]


@pytest.mark.parametrize("options", [{}, {"pool": "avg"}, {"flatten": True, "dtype": "float16"}], ids=str)
def test_features_have_the_bits_of_features(model, batch, images, options):
    answers = sa.ray.Features(model, ["conv1", "fc6"], **options)(batch)
    features = model.features(list(images[GOOD]), ["conv1", "fc6"], **options)
    assert list(answers) == ["path", "number", "conv1", "fc6", "error"]
    for layer in ("conv1", "fc6"):
        assert answers[layer].dtype == features[layer].dtype
        assert np.array_equal(answers[layer][GOOD], features[layer])
        assert np.isnan(answers[layer][BROKEN]).all()


def test_more_images_than_are_computed_at_once(model, images):
    many = {"image": np.concatenate([images] * 20)}
    answers = sa.ray.Classify(model)(many)
    assert np.array_equal(answers["top5_probabilities"], np.concatenate([answers["top5_probabilities"][:COUNT]] * 20))


@pytest.mark.parametrize("form", ["struct", "arrays", "jpg and png", "paths", "named"])
def test_forms_of_images(form, model, contents, images, expected, tmp_path):
    number = np.arange(COUNT)
    if form == "struct":
        rows = {"image": objects({"bytes": content, "path": "x"} for content in contents), "number": number}
    elif form == "arrays":
        rows = {"image": objects(image if row in GOOD else images[:2] for row, image in enumerate(images))}
    elif form == "jpg and png":
        rows = {name: objects(content if row % 2 == odd else None for row, content in enumerate(contents))
                for odd, name in enumerate(("jpg", "png"))}  # fmt: skip
    elif form == "paths":
        for row, content in enumerate(contents):
            (tmp_path / str(row)).write_bytes(content)
        rows = {"path": objects(str(tmp_path / str(row)) for row in range(COUNT))}
    else:
        rows = {"photo": objects(map(bytearray, contents)), "bytes": np.zeros(COUNT)}
    answers = sa.ray.Classify(model, image="photo" if form == "named" else None)(rows)
    check(answers, expected)
    assert [bool(text) for text in answers["error"]] == [row == BROKEN for row in range(COUNT)]
    assert ("path" in answers) == (form in ("struct", "paths"))


def test_anything_in_a_row_is_an_error_of_that_row(model, contents):
    cells = [None, b"", b"\xff\xd8", 3, "no file", "/", {}, {"bytes": None}, {"bytes": 3}, np.zeros((3, 4)), [1]]
    cells += [np.zeros((0, 3, 3), np.uint8), np.array("x"), contents[0], object(), float("nan")]
    answers = sa.ray.Classify(model)({"image": objects(cells)})
    assert [row for row, text in enumerate(answers["error"]) if not text] == [13]
    assert len(answers["label"]) == len(cells)


def test_value_range(model, images):
    dark = objects(image / 255 for image in images)
    answers = sa.ray.Classify(model, value_range=(0, 1))({"image": dark})
    check(answers, model.predict(list(images)), range(COUNT))
    assert "value_range" in sa.ray.Classify(model)({"image": dark})["error"][0]


def test_bytes_are_kept_if_asked(model, batch):
    kept = sa.ray.Classify(model, keep_bytes=True)(batch)
    assert list(kept)[:3] == ["bytes", "path", "number"] and kept["bytes"] is batch["bytes"]


def test_empty_batches(model, batch):
    for actor in (sa.ray.Classify(model), sa.ray.Features(model, ["fc6"])):
        for empty in ({}, {name: values[:0] for name, values in batch.items()}):
            answers = actor(empty)
            assert {*actor.columns} <= {*answers} and all(len(values) == 0 for values in answers.values())


def test_tables_have_nulls_and_the_same_types_whatever_they_hold(model, batch, expected):
    pyarrow = needs("pyarrow")
    table = pyarrow.table({"bytes": list(batch["bytes"]), "path": list(batch["path"]), "number": batch["number"]})
    for actor in (sa.ray.Classify(model, prefix="x_"), sa.ray.Features(model, ["conv1", "fc6"])):
        whole = actor(table)
        for part in (table.slice(0, 0), table.slice(0, 2), table.slice(BROKEN, 1)):
            assert actor(part).schema.equals(whole.schema)
    answers = sa.ray.Classify(model)(table)
    assert (
        answers.column("number").chunk(0).buffers()[1].address == table.column("number").chunk(0).buffers()[1].address
    )
    check({name: answers.column(name).to_pylist() for name in answers.column_names}, expected)
    row = answers.to_pylist()[BROKEN]
    assert [row[name] for name in sa.ray.Classify(model).columns[:-1]] == [None] * 5 and row["error"]


def test_structs_in_tables(model, contents, expected):
    pyarrow = needs("pyarrow")
    images = [{"bytes": content, "path": f"{row}.png"} for row, content in enumerate(contents)]
    answers = sa.ray.Classify(model)(pyarrow.table({"image": images}))
    check({name: answers.column(name).to_pylist() for name in answers.column_names}, expected)
    assert answers.column("path").to_pylist() == [f"{row}.png" for row in range(COUNT)]


def test_a_model_is_read_from_a_file(model, batch, tmp_path, expected):
    model.save(tmp_path / "m.safetensors")
    check(sa.ray.Classify(str(tmp_path / "m.safetensors"))(batch), expected)
    with pytest.raises(FileNotFoundError):
        sa.ray.Classify(tmp_path / "none")
    (tmp_path / "broken").write_bytes(b"broken")
    with pytest.raises(ValueError, match="broken"):
        sa.ray.Features(tmp_path / "broken", ["fc6"])


def test_classes_go_to_other_processes():
    assert pickle.loads(pickle.dumps(sa.ray.Classify)) is sa.ray.Classify


def test_threads_are_set_only_if_asked(model):
    before = sa.get_num_threads()
    try:
        sa.ray.Classify(model)
        assert sa.get_num_threads() == before
        sa.ray.Classify(model, threads=3)
        assert sa.get_num_threads() == 3
    finally:
        sa.set_num_threads(before)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"top": 0}, ValueError),
        ({"top": 1.5}, TypeError),
        ({"crops": 7}, ValueError),
        ({"precision": "float99"}, ValueError),
        ({"threads": 0}, ValueError),
        ({"image": 3}, TypeError),
        ({"prefix": None}, TypeError),
        ({"keep_bytes": 2}, TypeError),
        ({"value_range": (1, 0)}, ValueError),
        ({"scales": [8]}, ValueError),
    ],
    ids=str,
)
def test_arguments_are_checked_before_any_batch(model, options, error):
    with pytest.raises(error, match=r"ray\.Classify"):
        sa.ray.Classify(model, **options)


def test_layers_are_checked_before_any_batch(model):
    for layers in ("fc6", [], ["fc9"], 3):
        with pytest.raises((TypeError, ValueError), match=r"ray\.Features"):
            sa.ray.Features(model, layers)
    with pytest.raises(TypeError, match="model is 3"):
        sa.ray.Features(3, ["fc6"])


@pytest.mark.parametrize(
    ("rows", "error", "text"),
    [
        (3, TypeError, "batch_format"),
        ([1], TypeError, "batch_format"),
        ({"number": np.arange(3)}, ValueError, "no column with images"),
        ({"bytes": objects([b""]), "label": np.zeros(1)}, ValueError, "prefix"),
        ({"bytes": objects([b""]), "path": objects("ab")}, ValueError, "lengths"),
        ({"bytes": b"abc"}, TypeError, "expected an array"),
        ({3: np.zeros(3)}, TypeError, "expected an array"),
    ],
    ids=str,
)
def test_batches_of_another_form(model, rows, error, text):
    with pytest.raises(error, match=text):
        sa.ray.Classify(model)(rows)


def test_a_data_set_of_another_library(model):
    with pytest.raises(TypeError, match=r"ray\.data\.Dataset"):
        sa.ray.classify([1, 2], model)
