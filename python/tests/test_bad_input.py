"""Bad input of operators: a typed exception that names the operation, the value and what was expected."""

import numpy as np
import pytest
from bad_input import case, refuse

from swiftalexnet import NonFiniteError, UnsupportedError, _native, ops

pytestmark = pytest.mark.usefixtures("unchanged")


def normal(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


X, W, B = normal(2, 4, 6, 6), normal(6, 4, 3, 3), normal(6)
Y = normal(2, 6, 4, 4)
LOCAL, LOCAL_BIAS = normal(4, 4, 6, 4, 3, 3), normal(4, 4, 6)
ROWS, LABELS = normal(5, 7), np.arange(5)

# ---- Arrays: every operator refuses the same things in every place ----

# Name: what becomes of a sound array, the error, what the message must say.
WRONG_ARRAYS = {
    "none": (lambda x: None, TypeError, "None"),
    "list": (lambda x: x.tolist(), TypeError, "list"),
    "number": (lambda x: 1.5, TypeError, "float"),
    "str": (lambda x: "x", TypeError, "str"),
    "bytes": (lambda x: x.tobytes(), TypeError, "bytes"),
    "float64": (lambda x: x.astype(np.float64), TypeError, "float64.*float32"),
    "float16": (lambda x: x.astype(np.float16), TypeError, "float16.*float32"),
    "int32": (lambda x: x.astype(np.int32), TypeError, "int32.*float32"),
    "uint8": (lambda x: x.astype(np.uint8), TypeError, "uint8.*float32"),
    "bool": (lambda x: x > 0, TypeError, "bool.*float32"),
    "complex": (lambda x: x.astype(np.complex64), TypeError, "complex64.*float32"),
    "object": (lambda x: x.astype(object), TypeError, "object.*float32"),
    "strings": (lambda x: x.astype("U4"), TypeError, "U4.*float32"),
    "dates": (lambda x: x.astype("M8[s]"), TypeError, "datetime64.*float32"),
    "structured": (lambda x: x.view([("a", np.float32)]), TypeError, "'a'.*float32"),
    "masked": (lambda x: np.ma.masked_less(x, 0), TypeError, "masked"),
    "rank": (lambda x: x[0], ValueError, r"shape \(.*\), expected . dimension"),
    "empty batch": (lambda x: x[:0], ValueError, r"shape \(0,"),
}

# Operator, argument: a call with that argument replaced.
ARRAY_PLACES = {
    ("conv2d", "x"): (X, lambda a: ops.conv2d(a, W, B)),
    ("conv2d", "w"): (W, lambda a: ops.conv2d(X, a, B)),
    ("conv2d_backward", "dy"): (Y, lambda a: ops.conv2d_backward(a, X, W)),
    ("locally_connected2d", "x"): (X, lambda a: ops.locally_connected2d(a, LOCAL)),
    ("locally_connected2d", "w"): (LOCAL, lambda a: ops.locally_connected2d(X, a)),
    ("locally_connected2d_backward", "dy"): (Y, lambda a: ops.locally_connected2d_backward(a, X, LOCAL)),
    ("max_pool2d", "x"): (X, lambda a: ops.max_pool2d(a, 2)),
    ("avg_pool2d", "x"): (X, lambda a: ops.avg_pool2d(a, 2)),
    ("local_response_norm", "x"): (X, lambda a: ops.local_response_norm(a)),
    ("spatial_response_norm", "x"): (X, lambda a: ops.spatial_response_norm(a)),
    ("spatial_response_norm_backward", "dy"): (X, lambda a: ops.spatial_response_norm_backward(a, X)),
    ("dense", "x"): (ROWS, lambda a: ops.dense(a, ROWS)),
    ("softmax", "x"): (ROWS, lambda a: ops.softmax(a)),
    ("cross_entropy", "x"): (ROWS, lambda a: ops.cross_entropy(a, LABELS)),
}


@pytest.mark.parametrize("wrong", WRONG_ARRAYS)
@pytest.mark.parametrize(("operation", "name"), ARRAY_PLACES, ids=map("-".join, ARRAY_PLACES))
def test_wrong_arrays(operation, name, wrong):
    sound, call = ARRAY_PLACES[operation, name]
    change, error, message = WRONG_ARRAYS[wrong]
    refuse(error, f"{operation}: {name} .*{message}", lambda: call(change(sound)))


# ---- Outputs ----

OUT = np.empty_like(X)
SHARED = np.zeros(X.size + 6, np.float32)

OUTPUTS = [
    ("list", TypeError, "list", X, [1.0]),
    ("float64", TypeError, "float64", X, OUT.astype(np.float64)),
    ("big-endian", TypeError, "big-endian", X, OUT.astype(">f4")),
    ("masked", TypeError, "masked", X, np.ma.masked_array(OUT)),
    ("shape", ValueError, r"\(2, 4, 6, 5\), expected \(2, 4, 6, 6\)", X, OUT[..., :5].copy()),
    ("rank", ValueError, "expected", X, OUT.reshape(-1)),
    ("fortran", ValueError, "not C-contiguous", X, np.asfortranarray(OUT)),
    ("step", ValueError, "not C-contiguous", X, np.empty((2, 4, 6, 12), np.float32)[..., ::2]),
    ("zero stride", ValueError, "not C-contiguous|read-only", X, np.broadcast_to(np.float32(0), X.shape)),
    ("read-only", ValueError, "read-only", X, np.frombuffer(X.tobytes(), np.float32).reshape(X.shape)),
    (
        "misaligned",
        ValueError,
        "misaligned",
        X,
        np.frombuffer(bytearray(X.nbytes + 1), np.float32, offset=1).reshape(X.shape),
    ),
    ("the input", ValueError, "overlaps x", OUT, OUT),
    ("overlapping", ValueError, "overlaps x", SHARED[:-6].reshape(X.shape), SHARED[6:].reshape(X.shape)),
]


@pytest.mark.parametrize(("error", "message", "x", "out"), [o[1:] for o in OUTPUTS], ids=[o[0] for o in OUTPUTS])
@pytest.mark.parametrize(
    "operation", [ops.relu, ops.tanh, ops.sigmoid, ops.local_response_norm, ops.spatial_response_norm, ops.dropout]
)
def test_wrong_outputs(operation, error, message, x, out):
    refuse(error, f"{operation.__name__}: out .*{message}", lambda: operation(x, out=out))


# ---- Shapes, sizes and numbers of operators ----

OPERATORS = [
    case(
        "w channels",
        ValueError,
        r"conv2d: w has shape \(6, 4, 3, 3\), expected in-channels 6/1 = 6",
        lambda: ops.conv2d(normal(1, 6, 5, 5), W),
    ),
    case("groups", ValueError, "groups is 3, expected a divisor of 4", lambda: ops.conv2d(X, W, groups=3)),
    case("groups 0", ValueError, "groups is 0", lambda: ops.conv2d(X, W, groups=0)),
    case("groups -1", ValueError, "groups is -1", lambda: ops.conv2d(X, W, groups=-1)),
    case("groups 2^70", ValueError, "groups is", lambda: ops.conv2d(X, W, groups=2**70)),
    case("groups 1.0", TypeError, "groups is 1.0, expected an integer", lambda: ops.conv2d(X, W, groups=1.0)),
    case("bias length", ValueError, r"b has shape \(5,\), expected \(6,\)", lambda: ops.conv2d(X, W, B[:5])),
    case("bias rank", ValueError, "b has shape", lambda: ops.conv2d(X, W, B[None])),
    case("stride 0", ValueError, "stride", lambda: ops.conv2d(X, W, stride=0)),
    case("stride -1", ValueError, "stride", lambda: ops.conv2d(X, W, stride=-1)),
    case("stride float", TypeError, "stride is 1.5", lambda: ops.conv2d(X, W, stride=1.5)),
    case("stride nan", TypeError, "stride is nan", lambda: ops.conv2d(X, W, stride=float("nan"))),
    case("stride three", ValueError, "stride is", lambda: ops.conv2d(X, W, stride=(1, 2, 3))),
    case("stride 2^62", ValueError, "stride", lambda: ops.conv2d(X, W, stride=2**62)),
    case("padding -1", ValueError, "padding", lambda: ops.conv2d(X, W, padding=-1)),
    case("padding three", ValueError, "padding is", lambda: ops.conv2d(X, W, padding=(1, 2, 3))),
    case("padding str", TypeError, "padding is 'same'", lambda: ops.conv2d(X, W, padding="same")),
    case("padding 2^62", ValueError, "padding", lambda: ops.conv2d(X, W, padding=2**62)),
    case("padding 2^31-1", (ValueError, MemoryError), "conv", lambda: ops.conv2d(X, W, padding=2**31 - 1)),
    case("padding 2^20", MemoryError, "conv", lambda: ops.conv2d(X, W, padding=2**20)),
    case("kernel > input", ValueError, "kernel", lambda: ops.conv2d(X, normal(6, 4, 7, 7))),
    case("layout", ValueError, "layout is 'HWC'", lambda: ops.conv2d(X, W, layout="HWC")),
    case("wrong layout", ValueError, "conv2d: w has shape", lambda: ops.conv2d(X, W, layout="NHWC")),
    case("out shape", ValueError, "conv2d: out has shape", lambda: ops.conv2d(X, W, out=np.empty_like(X))),
    case("dy shape", ValueError, "conv2d_backward: dy has shape", lambda: ops.conv2d_backward(Y[:, :, :3], X, W)),
    case("dy of one image", ValueError, "conv2d_backward: dy has shape", lambda: ops.conv2d_backward(Y[:1], X, W)),
    case(
        "local channels",
        ValueError,
        r"locally_connected2d: w has shape \(4, 4, 6, 4, 3, 3\), expected \(4, 4, 6, 6, 3, 3\)",
        lambda: ops.locally_connected2d(normal(2, 6, 6, 6), LOCAL),
    ),
    case(
        "local positions",
        ValueError,
        r"w has shape \(4, 4, 6, 4, 3, 3\), expected \(6, 6, 6, 4, 3, 3\)",
        lambda: ops.locally_connected2d(X, LOCAL, padding=1),
    ),
    case(
        "local bias",
        ValueError,
        r"locally_connected2d: b has shape \(4, 4, 5\), expected \(4, 4, 6\)",
        lambda: ops.locally_connected2d(X, LOCAL, LOCAL_BIAS[..., :5]),
    ),
    case(
        "local stride 0", ValueError, "locally_connected2d.*stride", lambda: ops.locally_connected2d(X, LOCAL, stride=0)
    ),
    case(
        "local stride float",
        TypeError,
        "locally_connected2d: stride is 1.5",
        lambda: ops.locally_connected2d(X, LOCAL, stride=1.5),
    ),
    case("local padding -1", ValueError, "padding", lambda: ops.locally_connected2d(X, LOCAL, padding=-1)),
    case("local padding 2^62", ValueError, "padding", lambda: ops.locally_connected2d(X, LOCAL, padding=2**62)),
    case("local padding 2^20", MemoryError, "locally", lambda: ops.locally_connected2d(X, LOCAL, padding=2**20)),
    case(
        "local kernel > input",
        ValueError,
        "locally_connected2d: got a kernel of 7 × 7",
        lambda: ops.locally_connected2d(X, normal(1, 1, 6, 4, 7, 7)),
    ),
    case("local layout", ValueError, "layout is 'HWC'", lambda: ops.locally_connected2d(X, LOCAL, layout="HWC")),
    case(
        "local out shape",
        ValueError,
        "locally_connected2d: out has shape",
        lambda: ops.locally_connected2d(X, LOCAL, out=np.empty_like(X)),
    ),
    case(
        "local dy shape",
        ValueError,
        "locally_connected2d_backward: dy has shape",
        lambda: ops.locally_connected2d_backward(Y[:, :, :3], X, LOCAL),
    ),
    case("pool kernel 0", ValueError, "kernel", lambda: ops.max_pool2d(X, 0)),
    case("pool kernel -2", ValueError, "kernel", lambda: ops.max_pool2d(X, -2)),
    case("pool kernel none", TypeError, "kernel is None", lambda: ops.max_pool2d(X, None)),
    case("pool kernel > input", ValueError, "kernel", lambda: ops.max_pool2d(X, 7)),
    case("pool kernel huge", (ValueError, UnsupportedError), "kernel", lambda: ops.max_pool2d(X, 2**31 - 1)),
    case("pool stride 0", ValueError, "stride", lambda: ops.max_pool2d(X, 2, 0)),
    case("pool padding = kernel", ValueError, "padding", lambda: ops.max_pool2d(X, 2, padding=2)),
    case("pool padding -1", ValueError, "padding", lambda: ops.max_pool2d(X, 2, padding=-1)),
    case("pool dy shape", ValueError, "max_pool2d_backward: dy has shape", lambda: ops.max_pool2d_backward(X, X, 2)),
    case("avg kernel 0", ValueError, "kernel", lambda: ops.avg_pool2d(X, 0)),
    case("avg kernel > input", ValueError, "^pool2d: .*kernel", lambda: ops.avg_pool2d(X, 9)),
    case("avg padding = kernel", ValueError, "^pool2d: .*padding", lambda: ops.avg_pool2d(X, 2, padding=2)),
    case("avg x_shape rank", ValueError, "x_shape is", lambda: ops.avg_pool2d_backward(X, (2, 4, 6), 2)),
    case("avg x_shape 0", ValueError, "x_shape is 0", lambda: ops.avg_pool2d_backward(X, (2, 0, 6, 6), 2)),
    case(
        "avg x_shape huge", MemoryError, "avg_pool2d_backward", lambda: ops.avg_pool2d_backward(X, (2**31 - 1,) * 4, 2)
    ),
    case("avg x_shape other", ValueError, "dy has shape", lambda: ops.avg_pool2d_backward(X, (2, 4, 9, 9), 2)),
    case("norm size 0", ValueError, "size", lambda: ops.local_response_norm(X, 0)),
    case("norm size -3", ValueError, "size", lambda: ops.local_response_norm(X, -3)),
    case("norm size 2^40", ValueError, "size", lambda: ops.local_response_norm(X, 2**40)),
    case("norm size float", TypeError, "size", lambda: ops.local_response_norm(X, 5.0)),
    case("norm alpha nan", ValueError, "alpha", lambda: ops.local_response_norm(X, alpha=float("nan"))),
    case("norm alpha negative", ValueError, "alpha", lambda: ops.local_response_norm(X, alpha=-1)),
    case("norm alpha 1e300", ValueError, "alpha", lambda: ops.local_response_norm(X, alpha=1e300)),
    case("norm beta inf", ValueError, "beta", lambda: ops.local_response_norm(X, beta=float("inf"))),
    case("norm k 0", ValueError, r"\bk\b", lambda: ops.local_response_norm(X, k=0)),
    case("norm k str", TypeError, "k is of type str", lambda: ops.local_response_norm(X, k="2")),
    case("norm dy shape", ValueError, "dy has shape", lambda: ops.local_response_norm_backward(X[:1], X)),
    case("spatial size 0", ValueError, "spatial_response_norm: .*size", lambda: ops.spatial_response_norm(X, 0)),
    case("spatial size -3", ValueError, "spatial_response_norm: .*size", lambda: ops.spatial_response_norm(X, -3)),
    case("spatial size 2^40", ValueError, "size", lambda: ops.spatial_response_norm(X, 2**40)),
    case("spatial size float", TypeError, "size", lambda: ops.spatial_response_norm(X, 5.0)),
    case("spatial alpha nan", ValueError, "alpha", lambda: ops.spatial_response_norm(X, alpha=float("nan"))),
    case(
        "spatial alpha -1",
        ValueError,
        "norm_backward: .*alpha",
        lambda: ops.spatial_response_norm_backward(X, X, 5, -1),
    ),
    case("spatial beta 17", ValueError, "beta", lambda: ops.spatial_response_norm(X, beta=17)),
    case("spatial k 0", ValueError, r"\bk\b", lambda: ops.spatial_response_norm(X, k=0)),
    case("spatial layout", ValueError, "layout is 'HWC'", lambda: ops.spatial_response_norm(X, layout="HWC")),
    case("spatial dy shape", ValueError, "dy has shape", lambda: ops.spatial_response_norm_backward(X[:1], X)),
    case("tanh dy shape", ValueError, "tanh_backward: dy has shape", lambda: ops.tanh_backward(ROWS, ROWS.T)),
    case("tanh float64", TypeError, "tanh: x has dtype float64", lambda: ops.tanh(X.astype(np.float64))),
    case("tanh empty", ValueError, r"tanh: x has shape \(0,\)", lambda: ops.tanh(ROWS[:0, 0])),
    case("sigmoid dy shape", ValueError, "sigmoid_backward: dy has shape", lambda: ops.sigmoid_backward(ROWS, ROWS.T)),
    case("sigmoid list", TypeError, "sigmoid: x .*list", lambda: ops.sigmoid([1.0])),
    case("relu dy shape", ValueError, "relu_backward: dy has shape", lambda: ops.relu_backward(ROWS, ROWS.T)),
    case("relu empty", ValueError, r"relu: x has shape \(0,\)", lambda: ops.relu(ROWS[:0, 0])),
    case(
        "dense w", ValueError, r"dense: w has shape \(7, 5\), expected \(7, 7\)", lambda: ops.dense(ROWS, ROWS.T.copy())
    ),
    case("dense b", ValueError, "dense: b has shape", lambda: ops.dense(ROWS, ROWS, B)),
    case("dense dy", ValueError, "dense_backward: dy has shape", lambda: ops.dense_backward(ROWS, ROWS, ROWS)),
    case("dropout 1", ValueError, "probability", lambda: ops.dropout(X, 1.0)),
    case("dropout -0.1", ValueError, "probability", lambda: ops.dropout(X, -0.1)),
    case("dropout nan", ValueError, "probability", lambda: ops.dropout(X, float("nan"))),
    case("dropout none", TypeError, "probability is of type NoneType", lambda: ops.dropout(X, None)),
    case("dropout 10^400", ValueError, "probability", lambda: ops.dropout(X, 10**400)),
    case("dropout form", ValueError, "form is 'paper'", lambda: ops.dropout(X, form="paper")),
    case("dropout seed -1", ValueError, "seed is -1", lambda: ops.dropout(X, seed=-1)),
    case("dropout seed 2^64", ValueError, "seed is", lambda: ops.dropout(X, seed=2**64)),
    case("dropout step float", TypeError, "step is 1.0", lambda: ops.dropout(X, step=1.0)),
    case("labels -1", ValueError, r"labels\[0\] is -1", lambda: ops.cross_entropy(ROWS, LABELS - 1)),
    case(
        "labels = classes",
        ValueError,
        r"labels\[4\] is 7, expected 0 ≤ label < 7",
        lambda: ops.cross_entropy(ROWS, LABELS + 3),
    ),
    case("labels 2^40", ValueError, "labels", lambda: ops.cross_entropy(ROWS, LABELS + 2**40)),
    case("labels float", TypeError, "dtype float64", lambda: ops.cross_entropy(ROWS, LABELS / 1)),
    case("labels nan", TypeError, "dtype float64", lambda: ops.cross_entropy(ROWS, LABELS * np.nan)),
    case("labels short", ValueError, "4 labels, expected 5", lambda: ops.cross_entropy(ROWS, LABELS[:4])),
    case("labels 2-D", ValueError, "labels has shape", lambda: ops.cross_entropy(ROWS, LABELS[None])),
    case("labels empty", ValueError, "0 labels", lambda: ops.cross_entropy(ROWS, [])),
    case(
        "sgd v shape", ValueError, "sgd_update: v has shape", lambda: ops.sgd_update(ROWS.copy(), X.copy(), ROWS, 0.1)
    ),
    case("sgd g shape", ValueError, "sgd_update: g has shape", lambda: ops.sgd_update(ROWS.copy(), ROWS * 0, X, 0.1)),
    case("sgd w = v", ValueError, "sgd_update: w overlaps v", lambda: ops.sgd_update(OUT, OUT, X, 0.1)),
    case("sgd w = g", ValueError, "sgd_update: w overlaps g", lambda: ops.sgd_update(OUT, X.copy(), OUT, 0.1)),
    case("sgd w list", TypeError, "sgd_update: w is of type list", lambda: ops.sgd_update([1], [1], ROWS, 0.1)),
    case(
        "sgd w step",
        ValueError,
        "sgd_update: w is not C-contiguous",
        lambda: ops.sgd_update(ROWS.copy()[::2], ROWS.copy()[::2], ROWS[::2], 0.1),
    ),
    case("sgd rate nan", ValueError, "rate", lambda: ops.sgd_update(OUT, X * 0, X, float("nan"))),
    case("sgd rate -1", ValueError, "rate", lambda: ops.sgd_update(OUT, X * 0, X, -1)),
    case("sgd momentum 1", ValueError, "momentum", lambda: ops.sgd_update(OUT, X * 0, X, 0.1, 1)),
    case("sgd decay inf", ValueError, "decay", lambda: ops.sgd_update(OUT, X * 0, X, 0.1, 0.9, float("inf"))),
    case(
        "sgd rule",
        ValueError,
        "rule is 'adam', expected 'paper' or 'pytorch' or 'caffe' or 'lars'",
        lambda: ops.sgd_update(OUT, X * 0, X, 0.1, rule="adam"),
    ),
    case(
        "lars trust 0",
        ValueError,
        "trust coefficient 0",
        lambda: ops.sgd_update(OUT, X * 0, X, 0.1, rule="lars", trust_coefficient=0),
    ),
    case(
        "lars trust nan",
        ValueError,
        "trust coefficient nan",
        lambda: ops.sgd_update(OUT, X * 0, X, 0.1, rule="lars", trust_coefficient=float("nan")),
    ),
    case(
        "lars overflow",
        NonFiniteError,
        "sgd_update: the local rate would overflow float32; nothing was updated",
        lambda: ops.sgd_update(OUT * 0 + 1e30, X * 0, X * 0 + 1e-30, 0.1, weight_decay=0, rule="lars"),
    ),
]


@pytest.mark.parametrize(("error", "message", "call"), OPERATORS)
def test_operators(error, message, call):
    refuse(error, message, call)


# ---- Sizes that no memory holds ----

HUGE = {
    "2^38": np.broadcast_to(np.float32(1), (2**8, 2**10, 2**10, 2**10)),
    "2^40": np.broadcast_to(np.float32(1), (2**10, 2**10, 2**10, 2**10)),
    "2^60": np.broadcast_to(np.float32(1), (2**15, 2**15, 2**15, 2**15)),
}
HUGE_CALLS = {
    "relu": ops.relu,
    "tanh": ops.tanh,
    "local_response_norm": ops.local_response_norm,
    "spatial_response_norm": ops.spatial_response_norm,
    "dropout": ops.dropout,
    "max_pool2d": lambda x: ops.max_pool2d(x, 2),
    "conv2d x": lambda x: ops.conv2d(x, W),
    "conv2d w": lambda x: ops.conv2d(X, x),
    "locally_connected2d x": lambda x: ops.locally_connected2d(x, LOCAL),
    "locally_connected2d w": lambda x: ops.locally_connected2d(X, x[..., None, None]),
    "dense": lambda x: ops.dense(np.broadcast_to(np.float32(1), (2**31 - 1, x.shape[0])), ROWS),
    "softmax": lambda x: ops.softmax(np.broadcast_to(np.float32(1), (2**31 - 1, x.shape[0]))),
}


@pytest.mark.parametrize("x", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("call", HUGE_CALLS.values(), ids=HUGE_CALLS)
def test_huge_arrays(x, call):
    refuse(MemoryError, "bytes", lambda: call(x))


def test_a_dimension_beyond_32_bits():
    long = np.broadcast_to(np.float32(1), (2**31,))
    refuse(
        ValueError, r"relu: x has shape \(2147483648,\), expected dimensions from 1 to", lambda: _native.relu(long, OUT)
    )


@pytest.mark.parametrize("outputs", [2**31 - 1, 2**20])
def test_huge_convolutions(outputs):
    w = np.broadcast_to(np.float32(1), (outputs, 4, 2**10, 2**10))
    refuse(MemoryError, "conv2d", lambda: ops.conv2d(X, w, padding=2**10))
