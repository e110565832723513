"""Bad input of the extension itself, which the package normally prevents, and of specifications."""

import re

import numpy as np
import pytest
import small_network as small
from bad_input import case, refuse
from hypothesis import given, settings
from hypothesis import strategies as st

from swiftalexnet import UnsupportedError, _native

pytestmark = pytest.mark.usefixtures("unchanged")

X, W = np.ones((2, 4, 6, 6), np.float32), np.ones((6, 4, 3, 3), np.float32)
Y, OUT = np.empty((2, 6, 4, 4), np.float32), np.empty_like(X)
ROWS, LABELS = np.ones((5, 7), np.float32), np.arange(5)
SHARED = np.zeros(35, np.float32)

# ---- The extension itself: what its callers should have prepared ----

PAIR, SIDES = (1, 1), (0, 0, 0, 0)
SIZE = (X.shape, W.shape, PAIR, SIDES, 1, 0)

EXTENSION = [
    case("too few", TypeError, "relu: out is missing", lambda: _native.relu(X)),
    case("too many", TypeError, "relu: got 3 arguments, expected 2", lambda: _native.relu(X, OUT, 1)),
    case("unknown keyword", TypeError, "relu: unknown argument 'y'", lambda: _native.relu(X, y=OUT)),
    case("twice", TypeError, "relu: x is given twice", lambda: _native.relu(X, x=X)),
    case("not contiguous", ValueError, "relu: x is not C-contiguous", lambda: _native.relu(X.T, OUT.T.copy())),
    case(
        "misaligned",
        ValueError,
        "relu: x is misaligned",
        lambda: _native.relu(
            np.frombuffer(bytearray(X.nbytes + 1), np.float32, offset=1), np.empty(X.size, np.float32)
        ),
    ),
    case("big-endian", TypeError, "relu: x has dtype big-endian float32", lambda: _native.relu(X.astype(">f4"), OUT)),
    case("no buffer", TypeError, "relu: x is of type object", lambda: _native.relu(object(), OUT)),
    case("unbufferable", TypeError, "relu: x is of type ndarray", lambda: _native.relu(X.astype("M8[s]"), OUT)),
    case(
        "stride int",
        TypeError,
        "conv2d: stride is of type int",
        lambda: _native.conv2d_output_size(X.shape, W.shape, 1, SIDES, 1, 0),
    ),
    case(
        "stride of one",
        ValueError,
        "conv2d: stride has 1 items, expected 2",
        lambda: _native.conv2d_output_size(X.shape, W.shape, (1,), SIDES, 1, 0),
    ),
    case(
        "stride str",
        TypeError,
        "conv2d: stride is of type str",
        lambda: _native.conv2d_output_size(X.shape, W.shape, ("1", 1), SIDES, 1, 0),
    ),
    case("layout 2", ValueError, "conv2d: layout is out of range", lambda: _native.conv2d_output_size(*SIZE[:5], 2)),
    case("x_shape 0", ValueError, "conv2d", lambda: _native.conv2d_output_size((0, 4, 6, 6), *SIZE[1:])),
    case("w_shape 0", ValueError, "conv2d", lambda: _native.conv2d_output_size(X.shape, (0, 4, 3, 3), *SIZE[2:])),
    case(
        "x_shape 2^31",
        ValueError,
        "x_shape is out of range",
        lambda: _native.conv2d_output_size((2**31, 4, 6, 6), *SIZE[1:]),
    ),
    case(
        "relu ambiguous",
        TypeError,
        "conv2d: relu is of type ndarray",
        lambda: _native.conv2d(X, W, None, PAIR, SIDES, 1, X, 0, Y),
    ),
    case(
        "rule 4",
        ValueError,
        "sgd_update: rule is 4",
        lambda: _native.sgd_update(OUT, X * 0, X, 0.1, 0.9, 0.0, 4, 0.001),
    ),
    case(
        "labels int64",
        TypeError,
        "labels has dtype int64, expected int32",
        lambda: _native.cross_entropy(ROWS, LABELS, None, None),
    ),
    case("labels -1", ValueError, "label", lambda: _native.cross_entropy(ROWS, np.int32(LABELS - 1), None, None)),
    case(
        "dw overlaps dx",
        ValueError,
        "dense_backward: dx overlaps dw",
        lambda: _native.dense_backward(
            ROWS[:, :1].copy(),
            ROWS[:1].repeat(5, 0),
            ROWS[:1],
            *[SHARED[:35].reshape(5, 7), SHARED[:7].reshape(1, 7)],
            None,
        ),
    ),
    case(
        "half a character", ValueError, "variants: family contains a lone surrogate", lambda: _native.variants("\ud800")
    ),
    case("threads 0", ValueError, "set_num_threads.*0", lambda: _native.set_num_threads(0)),
    case("threads -1", ValueError, "set_num_threads.*-1", lambda: _native.set_num_threads(-1)),
    case("threads 10^6", ValueError, "set_num_threads.*1000000", lambda: _native.set_num_threads(10**6)),
    case("threads 2^62", ValueError, "set_num_threads", lambda: _native.set_num_threads(2**62)),
    case("threads 2^64", ValueError, "set_num_threads: count", lambda: _native.set_num_threads(2**64)),
    case("threads float", TypeError, "set_num_threads: count is of type float", lambda: _native.set_num_threads(2.0)),
    case("threads str", TypeError, "set_num_threads: count", lambda: _native.set_num_threads("2")),
]


@pytest.mark.parametrize(("error", "message", "call"), EXTENSION)
def test_extension(error, message, call):
    refuse(error, message, call)


# ---- Specifications ----


def edited(old, new):
    assert old in small.SPEC
    return small.SPEC.replace(old, new)


NORM = "response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2 alpha_over_n=0 groups=1"
POOL = "max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0"
AVERAGE = "average_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0 count_include_pad=0"

SPECIFICATIONS = {
    "empty": ("", ValueError),
    "no data": (edited("data channels=3 height=15 width=15\n", ""), ValueError),
    "no nodes": ("\n".join(small.SPEC.splitlines()[:2]), ValueError),
    "unknown kind": (edited("relu relu1", "gelu relu1"), ValueError),
    "unknown field": (edited("relu relu1", "relu relu1 slope=1"), ValueError),
    "missing field": (edited(" groups=2", ""), ValueError),
    "field twice": (edited("groups=2", "groups=2 groups=2"), ValueError),
    "two names": (edited("relu relu1", "relu relu1 relu2"), ValueError),
    "same name": (edited("relu relu2", "relu relu1"), ValueError),
    "long name": (edited("relu relu1", "relu " + "r" * 100), ValueError),
    "channels 0": (edited("channels=3", "channels=0"), ValueError),
    "channels -3": (edited("channels=3", "channels=-3"), ValueError),
    "height 0": (edited("height=15", "height=0"), ValueError),
    "height 1": (edited("height=15", "height=1"), ValueError),
    "height 2^31": (edited("height=15", f"height={2**31}"), (ValueError, MemoryError)),
    "height 2^63": (edited("height=15", f"height={2**63}"), ValueError),
    "height 2^63-1": (edited("height=15", f"height={2**63 - 1}"), (ValueError, MemoryError)),
    "height float": (edited("height=15", "height=15.0"), ValueError),
    "outputs 0": (edited("outputs=16", "outputs=0"), ValueError),
    "outputs -1": (edited("outputs=16", "outputs=-1"), ValueError),
    "outputs 2^31": (edited("outputs=16", f"outputs={2**31}"), (ValueError, MemoryError)),
    "outputs 2^31-1": (edited("outputs=16", f"outputs={2**31 - 1}"), MemoryError),
    "outputs 2^40": (edited("outputs=16", f"outputs={2**40}"), (ValueError, MemoryError)),
    "outputs 2^63-1": (edited("outputs=16", f"outputs={2**63 - 1}"), (ValueError, MemoryError)),
    "kernel 0": (edited("kernel=5", "kernel=0"), ValueError),
    "kernel > input": (edited("kernel=5", "kernel=50"), ValueError),
    "kernel 2^63-1": (edited("kernel=5", f"kernel={2**63 - 1}"), (ValueError, MemoryError)),
    "stride 0": (edited("stride=2 pad=0,0,3,3", "stride=0 pad=0,0,3,3"), ValueError),
    "pad -1": (edited("pad=0,0,3,3", "pad=-1,0,3,3"), ValueError),
    "pad 2^62": (edited("pad=0,0,3,3", f"pad={2**62},{2**62},{2**62},{2**62}"), (ValueError, MemoryError)),
    "pad of three": (edited("pad=0,0,3,3", "pad=0,0,3"), ValueError),
    "groups 3": (edited("groups=2", "groups=3"), ValueError),
    "groups 0": (edited("groups=2", "groups=0"), ValueError),
    "pool kernel 0": (edited("max_pool pool1 kernel=3", "max_pool pool1 kernel=0"), ValueError),
    "pool stride 0": (edited("kernel=3 stride=2 pad=0,0,0,0 ceil", "kernel=3 stride=0 pad=0,0,0,0 ceil"), ValueError),
    "pool padding": (edited("stride=2 pad=0,0,0,0 ceil", "stride=2 pad=3,0,0,0 ceil"), ValueError),
    "norm size 0": (edited("size=5", "size=0"), ValueError),
    "norm size 2^63-1": (edited("size=5", f"size={2**63 - 1}"), None),
    "norm alpha nan": (edited("alpha=0.0001", "alpha=nan"), ValueError),
    "norm beta inf": (edited("beta=0.75", "beta=inf"), ValueError),
    "norm k 0": (edited("k=2", "k=0"), ValueError),
    "norm groups 3": (edited("alpha_over_n=0 groups=1", "alpha_over_n=0 groups=3"), ValueError),
    "spatial norm": (edited("response_norm norm1", "spatial_response_norm norm1"), ValueError),  # it has no groups
    "spatial norm size 0": (edited(NORM, f"spatial_{NORM[:-9].replace('=5', '=0')}"), ValueError),
    "spatial norm size 2^63-1": (edited(NORM, f"spatial_{NORM[:-9].replace('=5', f'={2**63 - 1}')}"), None),
    "average pool": (edited("max_pool pool1", "average_pool pool1"), ValueError),  # which divisor?
    "average pool kernel 0": (edited(POOL, AVERAGE.replace("kernel=3", "kernel=0")), ValueError),
    "average pool kernel 99": (edited(POOL, AVERAGE.replace("kernel=3", "kernel=99")), UnsupportedError),
    "average pool padding": (edited(POOL, AVERAGE.replace("pad=0", "pad=3")), ValueError),
    "average pool 2^31": (edited(POOL, AVERAGE.replace("kernel=3", f"kernel={2**31}")), UnsupportedError),
    "tanh": (edited("relu relu1", "tanh tanh1"), None),
    "tanh with a field": (edited("relu relu1", "tanh tanh1 slope=1"), ValueError),
    "sigmoid": (edited("relu relu3", "sigmoid sigmoid3"), None),
    "dropout 1": (edited("probability=0.5", "probability=1"), ValueError),
    "dropout -1": (edited("probability=0.5", "probability=-1"), ValueError),
    "dropout nan": (edited("probability=0.5", "probability=nan"), ValueError),
    "dropout form": (edited("form=paper2012", "form=paper"), ValueError),
    "softmax inside": (edited("relu relu3", "softmax prob0"), ValueError),
    "zero character": (edited("relu1", "relu\0"), ValueError),
    "2000 nodes": (small.SPEC + "".join(f"relu r{i}\n" for i in range(2000)), ValueError),
}


@pytest.mark.parametrize(("spec", "error"), SPECIFICATIONS.values(), ids=SPECIFICATIONS)
def test_specifications(spec, error):
    if error is None:  # odd, but a network
        assert _native.Network(spec, "zeros", 0).spec()
        return
    with pytest.raises(error) as caught:
        _native.Network(spec, "paper", 0)
    assert re.search("specification|small|local_response_norm|Network: ", str(caught.value)), str(caught.value)


EDGES = [-(2**63), -1, 0, 1, 2, 7, 2**31 - 1, 2**31, 2**40, 2**63 - 1, 2**64]


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(EDGES)), min_size=1, max_size=3))
def test_specifications_with_other_numbers(changes):
    """Whatever stands where a number stood: a network, or a refusal."""
    parts = re.split(r"(?<==)(\d+)", small.SPEC)
    for place, number in changes:
        parts[(2 * place + 1) % (len(parts) - 1)] = str(number)
    try:
        _native.Network("".join(parts), "zeros", 0)
    except (ValueError, MemoryError, UnsupportedError) as error:
        assert str(error)


def spec(variant, classes=10, channels=3, image_size=0, activation="relu", without="", family="alexnet", ceil_mode=0):
    """Ask for a specification."""
    return _native.spec(family, variant, classes, channels, image_size, activation, without, ceil_mode)


CREATION = [
    case("spec bytes", TypeError, "Network: spec is of type bytes", lambda: _native.Network(b"", "paper", 0)),
    case("initialization", ValueError, "he", lambda: _native.Network(small.SPEC, "he", 0)),
    case("seed -1", ValueError, "Network: seed", lambda: _native.Network(small.SPEC, "paper", -1)),
    case("seed 2^64", ValueError, "Network: seed", lambda: _native.Network(small.SPEC, "paper", 2**64)),
    case("seed float", TypeError, "Network: seed is of type float", lambda: _native.Network(small.SPEC, "paper", 0.5)),
    case("family", ValueError, "'resnet', expected one of alexnet, vgg, cifar", lambda: spec("A", family="resnet")),
    case("family of variants", ValueError, "expected one of alexnet", lambda: _native.variants("resnet")),
    case("family int", TypeError, "variants: family is of type int", lambda: _native.variants(3)),
    case("variant", ValueError, "alexnet.*resnet", lambda: spec("resnet")),
    case("row of a variant", ValueError, "vgg.*'F'", lambda: _native.variant("vgg", "F")),
    case("classes -1", ValueError, "alexnet: num_classes", lambda: spec("owt", -1)),
    case("classes 2^70", ValueError, "spec: classes", lambda: spec("owt", 2**70)),
    case("activation", ValueError, "'gelu', expected one of relu", lambda: spec("owt", activation="gelu")),
    case("without", ValueError, "no node 'conv9'", lambda: spec("owt", without="conv1 conv9")),
    case("without a zero", ValueError, "without", lambda: spec("owt", without="conv1\0")),
    case("without the classes", ValueError, "'fc8' makes the classes", lambda: spec("owt", without="fc8")),
    case(
        "classes 2^31",
        (ValueError, MemoryError),
        "alexnet|owt",
        lambda: _native.Network(spec("owt", 2**31), "paper", 0),
    ),
    case(
        "classes 2^31-1",
        MemoryError,
        "owt|fc8",
        lambda: _native.Network(spec("owt", 2**31 - 1), "paper", 0),
    ),
    case("channels -1", ValueError, "alexnet: in_channels", lambda: spec("owt", channels=-1)),
    case("image size -1", ValueError, "alexnet: image_size", lambda: spec("owt", image_size=-1)),
    case(
        "image size 8",
        ValueError,
        "conv|pool",
        lambda: _native.Network(spec("owt", image_size=8), "paper", 0),
    ),
]


@pytest.mark.parametrize(("error", "message", "call"), CREATION)
def test_creation(error, message, call):
    refuse(error, message, call)
