"""An image gives the same bits alone and in any batch: for all methods, arithmetics and instruction sets."""

import sys
from pathlib import Path

import fresh_process
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import labelled_images

import swiftalexnet as sa

# Sizes that fill neither vectors nor tiles; conv2 and conv3 are computed by Winograd's method under fast_math.
SPEC = """\
network odd
data channels=3 height=17 width=17
convolution conv1 outputs=19 kernel=3 stride=1 pad=0,0,1,1 groups=1
relu relu1
response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1
convolution conv2 outputs=34 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu2
max_pool pool2 kernel=3 stride=2 pad=0,0,0,0 ceil=1
convolution conv3 outputs=36 kernel=3 stride=1 pad=1,1,1,1 groups=2
relu relu3
dense fc4 outputs=133
relu relu4
dropout drop4 probability=0.5 form=inverted
dense fc5 outputs=70
relu relu5
dense fc6 outputs=11
softmax prob
"""

ARITHMETIC = {
    "float32": {},
    "fast_math": {"fast_math": True},
    "int8": {"weights": "int8"},
    "int8, fast_math": {"weights": "int8", "fast_math": True},
    "bfloat16": {"precision": "auto"},
    "bfloat16, int8": {"precision": "auto", "weights": "int8"},
}
COUNT = 24
IMAGES, LABELS = labelled_images(COUNT, side=24)


def make() -> sa.Model:
    model = sa.Model.from_spec(SPEC, "torchvision", 1)
    model.preprocessing = sa.Preprocessing(resize=24, crop=17, mean=(110.0, 120.0, 130.0))
    return model


def every_door(model: sa.Model, rows: slice, batch_size: int, **arithmetic) -> dict[str, np.ndarray]:
    """Return the results of each method for some of the images."""
    images, x = IMAGES[rows], np.random.default_rng(0).standard_normal((COUNT, *model.input_shape), np.float32)[rows]
    some = {"batch_size": batch_size, **arithmetic}
    found = {
        "probabilities": model.probabilities(images, **some),
        "10 crops": model.probabilities(images, crops=10, **some),
        "dense": model.probabilities(images, dense=True, scales=[24, 27], **some),
        "forward": model.forward(x, keep=False, **arithmetic),
        "predict": np.array([prediction.probabilities for prediction in model.predict(images, **some)]),
    }
    if arithmetic.keys() <= {"precision"}:
        found["forward that keeps"] = model.forward(x, **arithmetic)
    return found | model.features(images, ["conv1", "relu2", "pool2", "fc4", "relu5", "prob"], **some)


class Together:
    """Results of every method for all images in one batch, in each arithmetic, and a comparison with some of them."""

    def __init__(self) -> None:
        self.model = make()
        self.results = {name: every_door(self.model, slice(COUNT), 64, **how) for name, how in ARITHMETIC.items()}

    def differences(self, name: str, first: int, count: int, batch_size: int) -> list[str]:
        """Return the doors through which some images get other bits than among all of them."""
        rows = slice(first, first + count)
        apart = every_door(self.model, rows, batch_size, **ARITHMETIC[name])
        return [door for door, whole in self.results[name].items() if apart[door].tobytes() != whole[rows].tobytes()]


def check_every_arithmetic() -> None:
    """Compare single images and batches of several sizes; also in a process with another instruction set."""
    together = Together()
    for name in ARITHMETIC:
        for first, count, batch_size in ((3, 1, 1), (0, 7, 64), (13, 11, 8)):
            assert together.differences(name, first, count, batch_size) == [], (name, first, count, batch_size)


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512", "avx512_bf16"])
def test_on_every_instruction_set(isa):
    words = {"SWIFTALEXNET_ISA": isa, "SWIFTALEXNET_GEMM": "swift"}
    known = fresh_process.run(
        "import swiftalexnet as sa\ntry: sa.info()\nexcept sa.UnsupportedError as error: print(error)", **words
    )
    if "this CPU has" in known:
        pytest.skip(known)
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
    fresh_process.run(f"{path}; import test_same_bits; test_same_bits.check_every_arithmetic()", timeout=300, **words)


@pytest.fixture(scope="module")
def together():
    if sa.info()["gemm"] == "openblas":
        pytest.skip("OpenBLAS multiplies here, and orders its sums by the batch: set SWIFTALEXNET_GEMM=swift")
    return Together()


@settings(deadline=None, max_examples=25, derandomize=True)
@given(data=st.data())
def test_any_images_in_batches_of_any_size(together, data):
    first = data.draw(st.integers(0, COUNT - 1))
    count = data.draw(st.integers(1, COUNT - first))
    name, batch_size = data.draw(st.sampled_from(sorted(ARITHMETIC))), data.draw(st.integers(1, 64))
    assert together.differences(name, first, count, batch_size) == []


@pytest.mark.parametrize("how", [{}, {"crops": 10}, {"dense": True}, {"crops": 9, "dense": True, "scales": [24, 30]}])
def test_evaluation_does_not_depend_on_the_batch_size(together, how):
    data = sa.ArrayDataset(IMAGES, LABELS, [str(number) for number in range(11)])
    results = [together.model.evaluate(data, batch_size=size, **how) for size in (1, 7, 64)]
    assert len({(result.top1_error, result.top5_error, result.count) for result in results}) == 1
    # Sums in float64, added up batch by batch.
    losses = [result.loss for result in results]
    assert np.ptp(losses) <= 8 * sys.float_info.epsilon * max(losses)
