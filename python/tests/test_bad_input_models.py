"""Bad input of models, data sets and files, through the public functions."""

import pickle

import numpy as np
import pytest
import small_network as small
from bad_input import case, refuse
from PIL import Image

import swiftalexnet as sa

pytestmark = pytest.mark.usefixtures("unchanged")


@pytest.fixture(scope="module")
def model(network):
    """A model around the shared network."""
    return sa.Model(network)


X, LABELS = small.batch()
IMAGES = small.labelled_images()
HUGE = np.broadcast_to(np.float32(1), (2**20, 3, 2**10, 2**10))
NAN = float("nan")

MODELS = [
    case("forward list", TypeError, "forward: x is of type list", lambda m: m.forward(X.tolist())),
    case("forward float64", TypeError, "forward: x has dtype float64", lambda m: m.forward(X.astype(float))),
    case("forward images", TypeError, "forward: x has dtype uint8", lambda m: m.forward(IMAGES)),
    case("forward one image", ValueError, "forward: x has shape", lambda m: m.forward(X[0])),
    case("forward NHWC", ValueError, r"expected \(4, 15, 15, 3\)", lambda m: m.forward(X, layout="NHWC")),
    case("forward layout", ValueError, "forward: layout is 'HWC'", lambda m: m.forward(X, layout="HWC")),
    case("forward size", ValueError, r"expected \(4, 3, 15, 15\)", lambda m: m.forward(X[:, :, 1:])),
    case("forward empty", ValueError, r"forward: x has shape \(0,", lambda m: m.forward(X[:0])),
    case("forward huge", MemoryError, "forward: .*bytes", lambda m: m.forward(HUGE)),
    case(
        "forward precision",
        ValueError,
        "forward: unknown precision",
        lambda m: m.forward(X, precision="float64"),
    ),
    case("forward seed -1", ValueError, "forward: seed", lambda m: m.forward(X, seed=-1)),
    case("forward seed 2^64", ValueError, "forward: seed", lambda m: m.forward(X, seed=2**64)),
    case("forward out shape", ValueError, "forward: logits", lambda m: m.forward(X, out=np.empty((4, 4), np.float32))),
    case("forward out dtype", TypeError, "forward: logits", lambda m: m.forward(X, out=np.empty((4, 5)))),
    case("backward shape", ValueError, "backward: dlogits", lambda m: m.backward(np.ones((4, 6), np.float32))),
    case("backward dtype", TypeError, "backward: dlogits", lambda m: m.backward(np.ones((4, 5)))),
    case("step labels -1", ValueError, r"train_step: labels\[0\] is -1", lambda m: m.train_step(X, [-1, 0, 0, 0])),
    case("step labels = classes", ValueError, r"labels\[3\] is 5", lambda m: m.train_step(X, [0, 0, 0, 5])),
    case("step labels float", TypeError, "train_step: labels has dtype", lambda m: m.train_step(X, LABELS / 2)),
    case("step labels short", ValueError, "train_step: labels has 2", lambda m: m.train_step(X, [0, 1])),
    case("step labels 2-D", ValueError, "train_step: labels has shape", lambda m: m.train_step(X, LABELS[None])),
    case("step labels empty", ValueError, "train_step: labels has 0", lambda m: m.train_step(X, [])),
    case("step rate nan", ValueError, "train_step: .*rate", lambda m: m.train_step(X, LABELS, NAN)),
    case("step rate -1", ValueError, "train_step: .*rate", lambda m: m.train_step(X, LABELS, -1)),
    case("step momentum 1", ValueError, "train_step: .*momentum", lambda m: m.train_step(X, LABELS, momentum=1)),
    case("step decay -1", ValueError, "train_step: .*decay", lambda m: m.train_step(X, LABELS, weight_decay=-1)),
    case("step rule", ValueError, "train_step: unknown rule", lambda m: m.train_step(X, LABELS, rule="adam")),
    case("step nan", sa.NonFiniteError, "train_step: .*nothing was updated", lambda m: m.train_step(X * NAN, LABELS)),
    case("predict none", TypeError, "predict|images", lambda m: m.predict(None)),
    case("predict float", (TypeError, ValueError), "value_range|float32", lambda m: m.predict(X)),
    case("predict object", TypeError, "images", lambda m: m.predict([object()])),
    case("predict empty", ValueError, "predict: .*empty list", lambda m: m.predict([])),
    case("predict empty array", ValueError, "images|images", lambda m: m.predict(IMAGES[:0])),
    case("predict zero height", ValueError, "images|images", lambda m: m.predict(IMAGES[:, :0])),
    case("predict channels", ValueError, "channels", lambda m: m.predict(np.zeros((2, 20, 20, 7), np.uint8))),
    case("predict crops", ValueError, "crops", lambda m: m.predict(IMAGES, crops=5)),
    case("predict dense", TypeError, "predict: dense is 'yes'", lambda m: m.predict(IMAGES, dense="yes")),
    case(
        "predict scale small", ValueError, "predict: scale 14 is smaller", lambda m: m.predict(IMAGES, scales=[20, 14])
    ),
    case("predict scale text", TypeError, "predict: scales is 'big'", lambda m: m.predict(IMAGES, scales="big")),
    case("predict scale 2^40", ValueError, "predict: a scale is", lambda m: m.predict(IMAGES, scales=[2**40])),
    case("score map none", TypeError, "score_map: got NoneType", lambda m: m.score_map(None)),
    case("score map two", ValueError, "score_map: got 4 images", lambda m: m.score_map(IMAGES)),
    case("score map scale", ValueError, "score_map: dense.* 13×13", lambda m: m.score_map(IMAGES[0], 13)),
    case("score map float", TypeError, "score_map: a scale is 20.5", lambda m: m.score_map(IMAGES[0], 20.5)),
    case("ensemble weights", ValueError, "Ensemble: a weight is nan", lambda m: sa.Ensemble([m], [NAN])),
    case("ensemble of one", TypeError, "Ensemble: models is .*, expected a sequence", lambda m: sa.Ensemble(m)),
    case("predict top 0", ValueError, "top", lambda m: m.predict(IMAGES, top=0)),
    case("predict top float", TypeError, "top", lambda m: m.predict(IMAGES, top=2.5)),
    case("predict batch 0", ValueError, "batch_size", lambda m: m.predict(IMAGES, batch_size=0)),
    case("features unknown", ValueError, "conv9", lambda m: m.features(IMAGES, layers=["conv9"])),
    case("features none", TypeError, "features: layers", lambda m: m.features(IMAGES, layers=[])),
    case("state missing", ValueError, "load_state_dict: ", lambda m: m.load_state_dict({})),
    case(
        "state shape",
        ValueError,
        "load_state_dict: .*conv1.weight",
        lambda m: m.load_state_dict(m.state_dict() | {"conv1.weight": np.zeros(3, np.float32)}),
    ),
    case(
        "state nan",
        ValueError,
        "load_state_dict: .*conv1.bias",
        lambda m: m.load_state_dict(m.state_dict() | {"conv1.bias": np.full(8, np.nan, np.float32)}),
    ),
    case(
        "state strings",
        TypeError,
        "load_state_dict: .*conv1.bias",
        lambda m: m.load_state_dict(m.state_dict() | {"conv1.bias": np.array(["a"] * 8)}),
    ),
    case("freeze unknown", ValueError, "conv9", lambda m: m.freeze("conv9")),
    case("multiplier nan", ValueError, "learning_rate|multipliers", lambda m: m.set_multipliers(["conv1"], NAN)),
    case(
        "whitening size",
        ValueError,
        r"Preprocessing: whitening has shape \(3, 3\), expected \(675, 675\)",
        lambda m: setattr(m, "preprocessing", m.preprocessing.replace(whitening=np.eye(3))),
    ),
    case(
        "whitening nan",
        ValueError,
        "Preprocessing: whitening holds",
        lambda m: setattr(m, "preprocessing", m.preprocessing.replace(whitening=np.full((675, 675), NAN))),
    ),
    case("preprocessing type", TypeError, "Model.preprocessing", lambda m: setattr(m, "preprocessing", 3)),
]


@pytest.mark.parametrize(("error", "message", "call"), MODELS)
def test_models(model, error, message, call):
    refuse(error, message, lambda: call(model))


BUILDING = [
    case("variant", ValueError, "alexnet: unknown variant 'resnet'", lambda: sa.alexnet("resnet")),
    case("variant none", ValueError, "alexnet: unknown variant None", lambda: sa.alexnet(None)),
    case("classes 0", ValueError, "alexnet: num_classes is 0", lambda: sa.alexnet("owt", 0)),
    case("classes -1", ValueError, "alexnet: num_classes is -1", lambda: sa.alexnet("owt", -1)),
    case("classes float", TypeError, "alexnet: num_classes is 10.0", lambda: sa.alexnet("owt", 10.0)),
    case("classes 2^31", (ValueError, MemoryError), "alexnet|owt", lambda: sa.alexnet("owt", 2**31)),
    case("classes 2^31-1", MemoryError, "owt|fc8", lambda: sa.alexnet("owt", 2**31 - 1)),
    case("channels 0", ValueError, "alexnet: in_channels", lambda: sa.alexnet("owt", 10, in_channels=0)),
    case("image size 0", ValueError, "alexnet: image_size", lambda: sa.alexnet("owt", 10, image_size=0)),
    case("image size 9", ValueError, "owt", lambda: sa.alexnet("owt", 10, image_size=9)),
    case("seed -1", ValueError, "seed", lambda: sa.alexnet("owt", 10, image_size=63, seed=-1)),
    case("seed 2^64", ValueError, "seed", lambda: sa.alexnet("owt", 10, image_size=63, seed=2**64)),
    case("seed float", TypeError, "seed", lambda: sa.alexnet("owt", 10, image_size=63, seed=1.5)),
    case("initialization", ValueError, "initialization", lambda: sa.Model.from_spec(small.SPEC, "he")),
    case("spec bytes", TypeError, "spec", lambda: sa.Model.from_spec(b"network x")),
    case("threads 0", ValueError, "set_num_threads", lambda: sa.set_num_threads(0)),
    case("threads 10^6", ValueError, "set_num_threads", lambda: sa.set_num_threads(10**6)),
    case("threads float", TypeError, "set_num_threads", lambda: sa.set_num_threads(1.5)),
    case("array data shape", ValueError, "ArrayDataset", lambda: sa.ArrayDataset(IMAGES[0, 0], [0])),
    case("array data float", TypeError, "ArrayDataset", lambda: sa.ArrayDataset(X, LABELS)),
    case("array data labels", ValueError, "ArrayDataset", lambda: sa.ArrayDataset(IMAGES, LABELS[:2])),
    case("array data negative", ValueError, "ArrayDataset", lambda: sa.ArrayDataset(IMAGES, [-1, 0, 0, 0])),
    case("recipe", ValueError, "recipe", lambda: sa.recipe("papers")),
    case("recipe rate", ValueError, "rate", lambda: sa.recipe("paper", learning_rate=NAN)),
    case("recipe momentum", ValueError, "momentum", lambda: sa.recipe("paper", momentum=1.0)),
    case("recipe batch", ValueError, "batch", lambda: sa.recipe("paper", batch_size=0)),
]


@pytest.mark.parametrize(("error", "message", "call"), BUILDING)
def test_building(error, message, call):
    refuse(error, message, call)


DATA = sa.ArrayDataset(IMAGES, LABELS % 5, tuple("abcde"))

RECIPE = sa.recipe("paper", schedule=sa.ConstantSchedule(), batch_size=2)


def fit(data=DATA, **changes):
    return lambda m: m.fit(data, **{"epochs": 1, "recipe": RECIPE, "progress": False} | changes)


FITTING = [
    case("data none", (TypeError, ValueError, AttributeError), "", fit(None)),
    case("epochs -1", ValueError, "epochs", fit(epochs=-1)),
    case("epochs float", TypeError, "epochs", fit(epochs=1.5)),
    case("batch -1", ValueError, "batch_size", fit(batch_size=-1)),
    case("batch float", TypeError, "batch_size", fit(batch_size=2.0)),
    case("recipe", ValueError, "recipe", fit(recipe="x")),
    case("seed -1", ValueError, "fit: seed", fit(seed=-1)),
    case("seed 2^64", ValueError, "fit: seed", fit(seed=2**64)),
    case("resume alone", ValueError, "fit: resume needs checkpoint", fit(resume=True)),
    case("checkpoint_every 0", ValueError, "fit: checkpoint_every", fit(checkpoint_every=0)),
    case("non_finite", ValueError, "fit: .*non_finite", fit(non_finite="x")),
    case("precision", (ValueError, sa.UnsupportedError), "fit: .*precision", fit(precision="int8")),
    case("classes", ValueError, "fit: .*classes", fit(sa.ArrayDataset(IMAGES, LABELS % 2, ("a", "b")))),
    case(
        "evaluate classes",
        ValueError,
        "evaluate: .*classes",
        lambda m: m.evaluate(sa.ArrayDataset(IMAGES, LABELS % 2, ("a", "b"))),
    ),
    case("evaluate crops", ValueError, "evaluate: crops", lambda m: m.evaluate(DATA, crops=3)),
    case("evaluate dense", TypeError, "evaluate: dense is 2", lambda m: m.evaluate(DATA, dense=2)),
    case("evaluate scales", ValueError, "evaluate: scale 3 is smaller", lambda m: m.evaluate(DATA, scales=[3])),
    case("ensemble crops", ValueError, "evaluate: crops is 3", lambda m: sa.Ensemble([m]).evaluate(DATA, crops=3)),
    case("search data", TypeError, "search_weights: got NoneType", lambda m: sa.Ensemble([m]).search_weights(None)),
    case("evaluate batch", ValueError, "evaluate: batch_size", lambda m: m.evaluate(DATA, batch_size=0)),
]


@pytest.mark.parametrize(("error", "message", "call"), FITTING)
def test_fitting(model, error, message, call):
    if message:
        refuse(error, message, lambda: call(model))
    else:
        with pytest.raises(error):
            call(model)


# ---- Files ----


def valid_file(tmp_path, model):
    path = tmp_path / "model.safetensors"
    model.save(path)
    return path


BROKEN_FILES = {
    "empty": lambda data: b"",
    "eight bytes": lambda data: data[:8],
    "half": lambda data: data[: len(data) // 2],
    "a byte less": lambda data: data[:-1],
    "a byte more": lambda data: data + b"\0",
    "header length": lambda data: b"\xff" * 8 + data[8:],
    "header text": lambda data: data[:8] + b"[" + data[9:],
    "flipped weight": lambda data: data[:-5] + bytes([data[-5] ^ 64]) + data[-4:],
    "image": lambda data: b"\x89PNG\r\n" + data[6:],
    "pickle": lambda data: pickle.dumps({"conv1.weight": 1}),
}


@pytest.mark.parametrize("damage", BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_broken_model_files(tmp_path, model, damage):
    path = valid_file(tmp_path, model)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(sa.CheckpointCorruptError, match=path.name):
        sa.load(path)


def test_every_prefix_of_a_model_file(tmp_path, model):
    path = valid_file(tmp_path, model)
    data = path.read_bytes()
    for length in [*range(0, 200), *range(200, len(data), 997)]:
        path.write_bytes(data[:length])
        with pytest.raises(sa.CheckpointCorruptError):
            sa.load(path)


def test_paths(tmp_path, model):
    import os

    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "missing", tmp_path, tmp_path / ("x" * 5000), "/dev/zero", tmp_path / "fifo"):
        with pytest.raises((OSError, ValueError)):
            sa.load(path)
    for path in (tmp_path / "no" / "such" / "folder", "/dev/full", tmp_path / ("x" * 5000), "zero\0"):
        with pytest.raises((OSError, ValueError)):
            model.save(path)
    for wrong in (None, 1.5, b"\xff\0"):
        with pytest.raises((TypeError, ValueError)):
            sa.load(wrong)


def test_folders(tmp_path):
    with pytest.raises(OSError):
        sa.ImageFolder(tmp_path / "missing")
    with pytest.raises(ValueError, match="ImageFolder: "):
        sa.ImageFolder(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(ValueError, match="cat"):
        sa.ImageFolder(tmp_path)
    Image.fromarray(IMAGES[0]).save(tmp_path / "cat" / "1.png")
    assert len(sa.ImageFolder(tmp_path)) == 1
    with pytest.raises(ValueError, match="on_error"):
        sa.ImageFolder(tmp_path, on_error="ignore")
    with pytest.raises(ValueError, match="dog"):
        sa.ImageFolder(tmp_path, classes=["dog"])
    with pytest.raises((ValueError, TypeError), match="workers"):
        sa.ImageFolder(tmp_path, workers=0)
