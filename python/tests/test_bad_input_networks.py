"""Bad input of a network, tensors and images: a typed exception, and not a bit of the network changes."""

import numpy as np
import pytest
import small_network as small
from bad_input import case, refuse

from swiftalexnet import NonFiniteError, UnsupportedError, _native

pytestmark = pytest.mark.usefixtures("unchanged")

# ---- A network on tensors ----

T, TARGETS = small.batch()
LOGITS = np.empty((4, small.CLASSES), np.float32)
NAN = T.copy()
NAN[2, 1, 3, 3] = np.nan
INFINITE = np.where(np.isnan(NAN), np.float32(np.inf), NAN)


def options(**changes):
    names = (
        "learning_rate",
        "momentum",
        "weight_decay",
        "rule",
        "seed",
        "step",
        "rates",
        "decays",
        "precision",
        "sample_weight",
        "trust_coefficient",
        "plain_biases",
        "fast_math",
    )
    return tuple(changes.get(name, value) for name, value in zip(names, small.OPTIONS, strict=True))


COUNT = len(small.make().parameters())


def told(value, count=COUNT):
    """Return rates or decays of 0.1, the last one `value`."""
    return np.float32([0.1] * (count - 1) + [value] * (count > 0))


def forward(x=T, layout=0, keep=False, training=False, seed=1, step=2, arithmetic=small.FLOAT32, logits=LOGITS):
    return lambda n: n.forward(x, layout, keep, training, seed, step, arithmetic, logits)


def train(x=T, labels=TARGETS, layout=0, given=None, **changes):
    return lambda n: n.train_step(x, labels, layout, options(**changes) if given is None else given)


def capture(names=("relu1",), outputs=None, x=T):
    return lambda n: n.capture(
        x, 0, names, small.FLOAT32, [np.empty((4, 8, 7, 7), np.float32)] if outputs is None else outputs
    )


def backward(dlogits=LOGITS, layout=0, dx=None):
    return lambda n: n.backward(dlogits, layout, False, dx)


SMALL_OUTPUT = np.zeros((4, 8, 7, 7), np.float32)


def linearize(nodes=("relu1", "conv1"), wrt=("data",), x=T, arithmetic=small.FLOAT32):
    return lambda n: n.linearize(x, 0, nodes, wrt, arithmetic)


def vjp(nodes=("relu1",), cotangents=(SMALL_OUTPUT,), wrt=("data",), gradients=None, relu=0):
    gradients = (np.empty_like(T),) if gradients is None else gradients
    return lambda n: linearize()(n).vjp(nodes, cotangents, wrt, gradients, 0, relu)


TENSORS = [
    case("x float64", TypeError, "forward: x has dtype float64", forward(T.astype(float))),
    case("x uint8", TypeError, "forward: x has dtype uint8", forward(T.astype(np.uint8))),
    case("x list", TypeError, "forward: x is of type list", forward(T.tolist())),
    case("x none", TypeError, "forward: x is of type NoneType", forward(None)),
    case("x rank", ValueError, "forward: x has shape", forward(T[0])),
    case(
        "x layout", ValueError, r"forward: x has shape \(4, 3, 15, 15\), expected \(4, 15, 15, 3\)", forward(layout=1)
    ),
    case("x height", ValueError, r"expected \(4, 3, 15, 15\)", forward(T[:, :, :14].copy())),
    case("x width", ValueError, r"expected \(4, 3, 15, 15\)", forward(T[..., :14].copy())),
    case("x channels", ValueError, r"expected \(4, 3, 15, 15\)", forward(T[:, :1].copy())),
    case("x empty", ValueError, r"shape \(0, 3, 15, 15\)", forward(T[:0])),
    case("x step", ValueError, "forward: x is not C-contiguous", forward(T[:, :, ::-1])),
    case("x huge", ValueError, "forward: x is not C-contiguous", forward(np.broadcast_to(T[:1], (2**30, 3, 15, 15)))),
    case(
        "logits shape",
        ValueError,
        r"forward: logits has shape \(4, 4\), expected \(4, 5\)",
        forward(logits=LOGITS[:, :4].copy()),
    ),
    case("logits batch", ValueError, "forward: logits has shape", forward(logits=LOGITS[:3])),
    case(
        "logits read-only",
        ValueError,
        "forward: logits is read-only",
        forward(logits=np.frombuffer(LOGITS.tobytes(), np.float32).reshape(4, 5)),
    ),
    case("logits in x", ValueError, "forward: logits overlaps x", forward(logits=T.reshape(-1)[:20].reshape(4, 5))),
    case("layout 7", ValueError, "forward: layout", forward(layout=7)),
    case("seed -1", ValueError, "forward: seed", forward(seed=-1)),
    case("step 2^64", ValueError, "forward: step", forward(step=2**64)),
    case("precision 3", ValueError, "precision: got 3", forward(arithmetic=(3, 0, 0))),
    case("int8 unquantised", ValueError, "has not been quantised", forward(arithmetic=(2, 0, 0))),
    case("int8 7", ValueError, "forward: int8 weights: got 7, expected 0 or 1", forward(arithmetic=(0, 7, 0))),
    case("fast math 2", ValueError, "forward: fast math: got 2, expected 0 or 1", forward(arithmetic=(0, 0, 2))),
    case("arithmetic short", ValueError, "forward: arithmetic has 2 items, expected 3", forward(arithmetic=(0, 0))),
    case("int8 kept", ValueError, "forward: int8 weights", forward(keep=True, arithmetic=(0, 1, 0))),
    case("training unkept", ValueError, "forward: training without keep", forward(training=True)),
    case("backward unkept", ValueError, "backward: no forward pass has been kept", backward()),
    case("dlogits shape", ValueError, "backward: dlogits has shape", backward(LOGITS[:, :4].copy())),
    case("dlogits float64", TypeError, "backward: dlogits has dtype float64", backward(LOGITS.astype(float))),
    case("dx shape", ValueError, "backward: dx has shape", backward(dx=T[:2].copy())),
    case(
        "labels -1",
        ValueError,
        r"train_step: label 0 is -1, expected 0 ≤ label < 5",
        train(labels=np.int32([-1, 0, 0, 0])),
    ),
    case("labels = classes", ValueError, "train_step: label 3 is 5", train(labels=np.int32([0, 0, 0, 5]))),
    case("labels 2^31-1", ValueError, "train_step: label 1", train(labels=np.int32([0, 2**31 - 1, 0, 0]))),
    case(
        "labels short", ValueError, r"train_step: labels has shape \(3,\), expected \(4,\)", train(labels=TARGETS[:3])
    ),
    case(
        "labels float",
        TypeError,
        "train_step: labels has dtype float32, expected int32",
        train(labels=TARGETS.astype(np.float32)),
    ),
    case("labels int64", TypeError, "train_step: labels has dtype int64", train(labels=TARGETS.astype(np.int64))),
    case("labels 2-D", ValueError, "train_step: labels has shape", train(labels=TARGETS[None])),
    case("labels empty", ValueError, "train_step: labels has shape", train(labels=TARGETS[:0])),
    case("labels none", TypeError, "train_step: labels is of type NoneType", train(labels=None)),
    case("rate nan", ValueError, "train_step: .*learning rate nan", train(learning_rate=float("nan"))),
    case("rate -1", ValueError, "train_step: .*learning rate -1", train(learning_rate=-1)),
    case("rate inf", ValueError, "train_step: .*learning rate inf", train(learning_rate=float("inf"))),
    case("rate 1e300", ValueError, "train_step: learning_rate is too large", train(learning_rate=1e300)),
    case("rate str", TypeError, "train_step: learning_rate is of type str", train(learning_rate="0.1")),
    case("momentum 1", ValueError, "train_step: .*momentum 1", train(momentum=1)),
    case("momentum -0.1", ValueError, "train_step: .*momentum -0.1", train(momentum=-0.1)),
    case("momentum nan", ValueError, "train_step: .*momentum nan", train(momentum=float("nan"))),
    case("decay -1", ValueError, "train_step: .*weight decay -1", train(weight_decay=-1)),
    case("rule 5", ValueError, "train_step: rule is 5", train(rule=5)),
    case("train precision 2", ValueError, "train_step: precision is 2", train(precision=2)),
    case("train seed -1", ValueError, "train_step: seed", train(seed=-1)),
    case("options short", ValueError, "train_step: options has 3 items, expected 13", train(given=(0.1, 0.9, 0))),
    case("options of old", ValueError, "options has 6 items, expected 13", train(given=small.OPTIONS[:6])),
    case("rates short", ValueError, r"train_step: rates has shape \(1,\), expected", train(rates=told(0.1, 1))),
    case("rates long", ValueError, r"train_step: rates has shape \(99,\), expected", train(rates=told(0.1, 99))),
    case("rates empty", ValueError, r"train_step: rates has shape \(0,\), expected", train(rates=told(0.1, 0))),
    case("rates 2-D", ValueError, "train_step: rates has shape .* expected 1 dimension", train(rates=told(0.1)[None])),
    case("rates float64", TypeError, "train_step: rates has dtype float64", train(rates=told(0.1).astype(float))),
    case("rates list", TypeError, "train_step: rates is of type list", train(rates=told(0.1).tolist())),
    case("rates strided", ValueError, "train_step: rates is not C-contiguous", train(rates=told(0.1, 20)[::2])),
    case("rates a number", TypeError, "train_step: rates is of type float", train(rates=0.1)),
    case("rates nan", ValueError, "train_step: fc4.bias: got learning rate nan", train(rates=told(np.nan))),
    case("rates -1", ValueError, "train_step: fc4.bias: got learning rate -1", train(rates=told(-1))),
    case("rates inf", ValueError, "train_step: fc4.bias: got learning rate inf", train(rates=told(np.inf))),
    case("decays short", ValueError, r"train_step: decays has shape \(1,\), expected", train(decays=told(0.1, 1))),
    case("decays nan", ValueError, "train_step: fc4.bias: got weight decay nan", train(decays=told(np.nan))),
    case("decays -1", ValueError, "train_step: fc4.bias: got weight decay -1", train(decays=told(-1))),
    case(
        "rate times decay",
        ValueError,
        r"train_step: fc4.bias: learning rate 1e\+30 and weight decay 1e\+30 overflow",
        train(rates=told(1e30), decays=told(1e30)),
    ),
    case(
        "weights short", ValueError, r"sample_weight has shape \(1,\), expected \(4,\)", train(sample_weight=told(1, 1))
    ),
    case("weights nan", ValueError, "train_step: sample_weight 3 is nan", train(sample_weight=told(np.nan, 4))),
    case("weights -1", ValueError, "train_step: sample_weight 3 is -1", train(sample_weight=told(-1, 4))),
    case("weights inf", ValueError, "train_step: sample_weight 3 is inf", train(sample_weight=told(np.inf, 4))),
    case("weights list", TypeError, "sample_weight is of type list", train(sample_weight=[1.0] * 4)),
    case("weights 2-D", ValueError, "sample_weight has shape", train(sample_weight=told(1, 4)[None])),
    case("options list", TypeError, "train_step: options is of type list", train(given=[0.1, 0.9, 0, 0, 0, 0])),
    case("nan", NonFiniteError, "train_step: .*nothing was updated", train(NAN)),
    case("infinity", NonFiniteError, "train_step: .*nothing was updated", train(INFINITE)),
    case("capture unknown", ValueError, "capture: there is no node 'relu9'", capture(("relu9",))),
    case("capture str", TypeError, "capture: names is of type str", capture("relu1")),
    case("capture number", TypeError, "capture: a name is of type int", capture((1,))),
    case("capture none", ValueError, "capture: got 0 names", capture((), ())),
    case("capture fewer outputs", ValueError, "capture: got 2 names and 1 outputs", capture(("relu1", "conv1"))),
    case("capture shape", ValueError, "capture: conv1 has shape", capture(("conv1",), [SMALL_OUTPUT[:2]])),
    case("capture dtype", TypeError, "capture: relu1 has dtype float64", capture(outputs=[SMALL_OUTPUT.astype(float)])),
    case(
        "capture same output",
        ValueError,
        "capture: relu1 overlaps conv1",
        capture(("conv1", "relu1"), [SMALL_OUTPUT, SMALL_OUTPUT]),
    ),
    case("capture many", ValueError, "capture: got 5000 names", capture(("relu1",) * 5000, [SMALL_OUTPUT] * 5000)),
    case("capture data", ValueError, "capture: there is no node 'data'", capture(("data",), [T])),
    case("capture channels", ValueError, "capture: x has shape", capture(x=np.empty((4, 2, 15, 15), np.float32))),
    case("linearize unknown", ValueError, "linearize: there is no node 'relu9'", linearize(("relu9",))),
    case("linearize str", TypeError, "linearize: names is of type str", linearize("relu1")),
    case("linearize nothing", ValueError, "linearize: got 0 names", linearize(wrt=())),
    case("linearize int8", ValueError, "linearize: int8 weights are for inference", linearize(arithmetic=(0, 1, 0))),
    case(
        "linearize dense",
        UnsupportedError,
        "node fc3: got",
        linearize(("fc3",), x=np.zeros((1, 3, 19, 19), np.float32)),
    ),
    case("vjp unknown", ValueError, "vjp: .*'conv2'", vjp(("conv2",))),
    case("vjp NUL", ValueError, "vjp: a name contains a NUL character", vjp(("relu1\0conv1",))),
    case("vjp surrogate", ValueError, "vjp: a name contains a lone surrogate", vjp(("\ud800",))),
    case("vjp rule", ValueError, "vjp: relu is 3|relu: got 3", vjp(relu=3)),
    case("vjp far rule", ValueError, "relu: got -1", vjp(relu=2**40)),
    case("vjp shape", ValueError, "vjp: relu1 has shape", vjp(cotangents=(SMALL_OUTPUT[:2],))),
    case("vjp dtype", TypeError, "vjp: relu1 has dtype float64", vjp(cotangents=(SMALL_OUTPUT.astype(float),))),
    case("vjp twice", ValueError, "vjp: cotangents names relu1 twice", vjp(("relu1",) * 2, (SMALL_OUTPUT,) * 2)),
    case(
        "vjp behind",
        ValueError,
        "lies behind every cotangent",
        vjp(("conv1",), (SMALL_OUTPUT,), ("relu1",), (SMALL_OUTPUT.copy(),)),
    ),
    case("vjp in place", ValueError, "vjp: conv1 overlaps relu1", vjp(wrt=("conv1",), gradients=(SMALL_OUTPUT,))),
    case("parameter index", ValueError, "parameter: got index 99", lambda n: n.parameter(99, 0)),
    case("parameter index -1", ValueError, "parameter: got index -1", lambda n: n.parameter(-1, 0)),
    case("parameter which", ValueError, "parameter: which is 3", lambda n: n.parameter(0, 3)),
    case("parameter which 2^40", ValueError, "parameter: which is", lambda n: n.parameter(0, 2**40)),
    case("multiplier nan", ValueError, "multipliers of conv1.weight", lambda n: n.set_multipliers(0, float("nan"), 1)),
    case("multiplier -1", ValueError, "multipliers of conv1.weight", lambda n: n.set_multipliers(0, 1, -1)),
]


@pytest.mark.parametrize(("error", "message", "call"), TENSORS)
def test_tensors(network, error, message, call):
    refuse(error, message, lambda: call(network))


# ---- A network on images ----

IMAGES = small.labelled_images()
PROBABILITIES = np.empty((4, small.CLASSES), np.float32)
CROPS = np.empty((4, 15, 15, 3), np.float32)


def prepared(height=15, width=15, mean=None, scale=None, position=0):
    return height, width, mean, scale, position


def predict(images=IMAGES, given=None, views=1, probabilities=PROBABILITIES, **changes):
    return lambda n: n.predict_images(
        images, prepared(**changes) if given is None else given, views, small.FLOAT32, probabilities
    )


def dense(images=IMAGES, given=None, mirror=True, probabilities=PROBABILITIES, **changes):
    return lambda n: n.predict_dense(
        images, prepared(**changes) if given is None else given, mirror, small.FLOAT32, probabilities
    )


def score_map(images=IMAGES, scores=None, **changes):
    scores = np.empty((4, 2, 2, small.CLASSES), np.float32) if scores is None else scores
    return lambda n: n.score_map(images, prepared(**changes), small.FLOAT32, scores)


def augment(images=IMAGES, augmentation=small.AUGMENTATION, out=CROPS, seed=1, step=2, **changes):
    return lambda n: _native.augment_images(images, prepared(**changes), augmentation, seed, step, out)


def vary(*noise, **changes):
    return augment(augmentation=small.augmentation(*noise, **changes))


def train_images(images=IMAGES, labels=TARGETS, augmentation=small.AUGMENTATION, **changes):
    return lambda n: n.train_step_images(images, labels, small.PREPROCESSING, augmentation, options(**changes))


def profile(images=IMAGES, augmentation=None, **changes):
    return lambda n: n.profile_images(images, prepared(**changes), augmentation, small.FLOAT32, 1)


EYE, THREE = np.eye(3, dtype=np.float32), np.ones(3, np.float32)
NO_MATRIX = np.full((675, 675), np.nan, np.float32)

IMAGE_CASES = [
    case("float32", TypeError, "predict: images has dtype float32, expected uint8", predict(T)),
    case("int8", TypeError, "predict: images has dtype int8", predict(IMAGES.astype(np.int8))),
    case("rank", ValueError, "predict: images has shape", predict(IMAGES[0])),
    case("empty", ValueError, r"predict: images has shape \(0,", predict(IMAGES[:0])),
    case(
        "small",
        ValueError,
        "predict: the crop is 15 x 15, expected 1 x 1 to the images' 14 x 18",
        predict(IMAGES[:, :14].copy()),
    ),
    case("gray", ValueError, "predict: .*takes", predict(IMAGES[..., :1].copy())),
    case("profile gray", ValueError, "profile: .*takes", profile(IMAGES[..., :1].copy())),
    case("profile crop", ValueError, "profile: .*takes", profile(height=14)),
    case("planar", ValueError, "predict", predict(np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2)))),
    case("crop", ValueError, "predict: .*takes", predict(height=14)),
    case("crop 0", ValueError, "predict: the crop is 0", predict(height=0)),
    case("crop -1", ValueError, "predict: the crop is 15 x -1", predict(width=-1)),
    case("crop 2^62", ValueError, "predict: the crop is", predict(height=2**62)),
    case("crop str", TypeError, "predict: crop_height is of type str", predict(height="15")),
    case("views 5", ValueError, "5, expected 1, 2, 9, 10 or 50", predict(views=5)),
    case("views 0", ValueError, "0, expected 1, 2, 9, 10 or 50", predict(views=0)),
    case("views -1", ValueError, "-1, expected 1, 2, 9, 10 or 50", predict(views=-1)),
    case("mean length", ValueError, "predict: mean has shape", predict(mean=THREE[:2])),
    case("mean float64", TypeError, "predict: mean has dtype float64", predict(mean=THREE.astype(float))),
    case("mean 2-D", ValueError, "predict: mean has 2 dimensions", predict(mean=EYE)),
    case("mean image channels", ValueError, "predict: mean has shape", predict(mean=np.ones((15, 15, 4), np.float32))),
    case("mean image small", ValueError, "mean image", predict(mean=np.ones((14, 15, 3), np.float32))),
    case("mean nan", ValueError, "mean", predict(mean=THREE * np.float32(np.nan))),
    case("scale length", ValueError, "predict: scale has shape", predict(scale=THREE[:2])),
    case("scale inf", ValueError, "scale", predict(scale=THREE * np.float32(np.inf))),
    case("probabilities", ValueError, "predict: probabilities has shape", predict(probabilities=LOGITS[:3])),
    case("mean position", ValueError, "predict: mean_position is 2, expected 0", predict(position=2)),
    case("mean position huge", ValueError, "predict: mean_position is 4294967296", predict(position=2**32)),
    case("mean position text", TypeError, "mean_position", predict(position="crop")),
    case("preprocessing none", TypeError, "predict: preprocessing is of type list", predict(given=[])),
    case("preprocessing short", ValueError, "predict: preprocessing has 2 items", predict(given=(15, 15))),
    case(
        "probabilities in mean",
        ValueError,
        "predict: probabilities overlaps mean",
        predict(mean=PROBABILITIES.reshape(-1)[:3]),
    ),
    case("dense float32", TypeError, "predict: images has dtype float32, expected uint8", dense(T)),
    case("dense rank", ValueError, "predict: images has shape", dense(IMAGES[0])),
    case("dense empty", ValueError, r"predict: images has shape \(0,", dense(IMAGES[:0])),
    case(
        "dense small",
        ValueError,
        "dense evaluation: .* 13×18 pixels, small needs 14×14",
        dense(IMAGES[:, :13].copy()),
    ),
    case("dense gray", ValueError, "dense evaluation: .*takes", dense(IMAGES[..., :1].copy())),
    case("dense crop", ValueError, "dense evaluation: .*takes", dense(height=14)),
    case("dense crop 0", ValueError, "crop height: got 0", dense(height=0)),
    case("dense crop 2^62", ValueError, "crop height: got", dense(height=2**62)),
    case("dense preprocessing", TypeError, "predict: preprocessing", dense(given=3)),
    case("dense mean length", ValueError, "predict: mean has shape", dense(mean=THREE[:2])),
    case("dense mean small", ValueError, "mean image", dense(mean=np.ones((14, 15, 3), np.float32))),
    case("dense mean nan", ValueError, "mean", dense(mean=THREE * np.float32(np.nan))),
    case("dense probabilities", ValueError, "predict: probabilities has shape", dense(probabilities=LOGITS[:3])),
    case("dense overlap", ValueError, "overlaps mean", dense(mean=PROBABILITIES.reshape(-1)[:3])),
    case("map small", ValueError, "dense evaluation: .*needs 14×14", score_map(IMAGES[:, :, :13].copy())),
    case("map scores", ValueError, "score_map: scores has shape", score_map(scores=np.empty((4, 1, 2, 5), np.float32))),
    case("map rank", ValueError, "score_map: scores has shape", score_map(scores=np.empty((4, 5), np.float32))),
    case("map crop", ValueError, "dense evaluation: .*takes", score_map(height=14)),
    case("map size 0", ValueError, "dense evaluation: image height: got 0", lambda n: n.score_map_size(0, 20)),
    case("map size -1", ValueError, "image width: got -1", lambda n: n.score_map_size(20, -1)),
    case("map size 2^31", ValueError, "image width: got", lambda n: n.score_map_size(20, 2**31)),
    case("map size 2^31-1", MemoryError, "dense evaluation: ", lambda n: n.score_map_size(2**31 - 1, 2**31 - 1)),
    case("map size float", TypeError, "score_map_size: height", lambda n: n.score_map_size(20.0, 20)),
    case("augment out", ValueError, "augment_images: out has shape", augment(out=CROPS[:2])),
    case("augment out in mean", ValueError, "augment_images: out overlaps mean", augment(mean=CROPS.reshape(-1)[:3])),
    case("augment noise nan", ValueError, "color noise", vary(float("nan"), EYE, THREE)),
    case("augment noise alone", ValueError, "color_noise is given without", vary(0.1)),
    case("augment vectors", ValueError, "eigenvectors has shape", vary(0.1, EYE[:2], THREE)),
    case("augment chunk 0", ValueError, "augmentation: got a chunk of 0", vary(chunk=0)),
    case("augment chunk -1", ValueError, "augmentation: got a chunk of -1", vary(chunk=-1)),
    case("augment chunk float", TypeError, "augment_images: chunk is of type float", vary(chunk=1.5)),
    case("augment divisor 0", ValueError, "augmentation: got color divisor 0", vary(divisor=0)),
    case("augment divisor nan", ValueError, "augmentation: got color divisor nan", vary(divisor=float("nan"))),
    case("augment rotation 181", ValueError, "augmentation: got rotation 181", vary(rotation=181)),
    case("augment rotation -1", ValueError, "augmentation: got rotation -1", vary(rotation=-1)),
    case("augment rotation nan", ValueError, "augmentation: got rotation nan", vary(rotation=float("nan"))),
    case("augment shift -1", ValueError, "augmentation: got shift -1", vary(shift=-1)),
    case("augment shift 16", ValueError, "got shift 16, expected at most the crop's 15", vary(shift=16)),
    case("augment shift 2^63-1", ValueError, "got shift", vary(shift=2**63 - 1)),
    case(
        "augmentation short",
        ValueError,
        "augmentation has 5 items, expected 9",
        augment(augmentation=(1, 1, 0.0, None, None)),
    ),
    case(
        "augment gray",
        ValueError,
        "3 channels",
        augment(IMAGES[..., :1].copy(), small.augmentation(0.1, EYE, THREE), np.empty((4, 15, 15, 1), np.float32)),
    ),
    case("augment seed", ValueError, "augment_images: seed", augment(seed=-1)),
    case(
        "crops views 3",
        ValueError,
        "crops: got 3, expected 1, 2, 9, 10 or 50",
        lambda n: _native.crop_images(IMAGES, prepared(), 3, np.empty((12, 15, 15, 3), np.float32)),
    ),
    case(
        "crops views 0",
        ValueError,
        "crops: got 0, expected 1, 2, 9, 10 or 50",
        lambda n: _native.crop_images(IMAGES, prepared(), 0, CROPS),
    ),
    case(
        "crops views -1",
        ValueError,
        "crops: got -1, expected 1, 2, 9, 10 or 50",
        lambda n: _native.crop_images(IMAGES, prepared(), -1, CROPS),
    ),
    case(
        "crops views 2^62",
        ValueError,
        "crop_images: crops: got 4611686018427387904 of each of 4 images",
        lambda n: _native.crop_images(IMAGES, prepared(), 2**62, CROPS),
    ),
    case("train labels", ValueError, "train_step: label 0 is -1", train_images(labels=np.int32([-1, 0, 0, 0]))),
    case("train labels short", ValueError, "train_step: labels has shape", train_images(labels=TARGETS[:2])),
    case("train rates short", ValueError, "train_step: rates has shape", train_images(rates=told(0.1, 1))),
    case(
        "train rates nan", ValueError, "train_step: fc4.bias: got learning rate nan", train_images(rates=told(np.nan))
    ),
    case("train rate", ValueError, "learning rate nan", train_images(learning_rate=float("nan"))),
    case("train gray", ValueError, "train_step: .*takes", train_images(IMAGES[..., :1].copy())),
    case("whitening shape", ValueError, r"set_whitening: matrix has shape \(3, 3\)", lambda n: n.set_whitening(EYE)),
    case("whitening nan", ValueError, "whitening: got nan in row 0", lambda n: n.set_whitening(NO_MATRIX)),
    case("whitening float64", TypeError, "set_whitening: matrix has dtype", lambda n: n.set_whitening(np.eye(675))),
    case("whiten planar", ValueError, "whiten: x has shape", lambda n: n.whiten(T, T.copy())),
    case("whiten out", ValueError, "whiten: out has shape", lambda n: n.whiten(CROPS, CROPS[:2].copy())),
    case("whiten in place", ValueError, "whiten: out overlaps x", lambda n: n.whiten(CROPS, CROPS)),
    case("score labels", ValueError, "label", lambda n: _native.score(PROBABILITIES, np.int32([0, 0, 0, 5]))),
    case("score rows", ValueError, "score: labels has shape", lambda n: _native.score(PROBABILITIES, TARGETS[:3])),
]


@pytest.mark.parametrize(("error", "message", "call"), IMAGE_CASES)
def test_images(network, error, message, call):
    refuse(error, message, lambda: call(network))
