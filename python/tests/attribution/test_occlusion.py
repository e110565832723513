"""Occlusion against a loop that covers one window after the other."""

import numpy as np
import pytest
from support import tiny_model

import swiftalexnet as sa
from attribution.nets import images, near, small
from swiftalexnet.attribution.windows import windows

occlusion = sa.attribution.occlusion


def slowly(model, x, target, window, stride, fill=0.0, probability=False):
    """Return the mean fall of one image's score at every pixel."""

    def score(given):
        logits = model.forward(given[None].astype(np.float32), keep=False)[0].astype(np.float64)
        return (
            np.exp(logits - logits.max())[target] / np.exp(logits - logits.max()).sum()
            if probability
            else logits[target]
        )

    total, cover = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
    counts = [-(-(extent - side) // step) + 1 for extent, side, step in zip(x.shape[1:], window, stride, strict=True)]
    for i, j in np.ndindex(*counts):
        place = slice(i * stride[0], i * stride[0] + window[0]), slice(j * stride[1], j * stride[1] + window[1])
        covered = x.copy()
        covered[:, *place] = fill
        total[place] += score(x) - score(covered)
        cover[place] += 1
    return total / cover


@pytest.mark.parametrize(
    ("window", "stride"),
    [((4, 4), (2, 2)), ((5, 3), (4, 1)), ((12, 14), (12, 14)), ((12, 5), (1, 5)), ((7, 9), (7, 9))],
)
@pytest.mark.parametrize("probability", [False, True])
def test_values(window, stride, probability):
    model, x = small()
    score = "probability" if probability else "logit"
    options = {"window": window, "stride": stride, "baseline": 0.3, "score": score, "batch_size": 4}
    found = occlusion(model, x[:2], [1, 3], preprocessed=True, **options)
    for values, one, target in zip(found.values, x, (1, 3), strict=False):
        assert near(values, slowly(model, one, target, window, stride, 0.3, probability), 1e-4)


def test_by_default_an_eighth_of_the_image_is_covered_and_moved_by_half_of_it():
    model = tiny_model()
    assert np.array_equal(occlusion(model, images()).values, occlusion(model, images(), window=2, stride=1).values)


def test_a_unit():
    model, x = small()
    found = occlusion(model, x[:1], 2, "relu2", window=6, stride=6, preprocessed=True)
    position = int(model.activations(x[:1], ["relu2"])["relu2"][0, 2].argmax())
    for top, left in ((0, 0), (6, 6)):
        covered = x[:1].copy()
        covered[:, :, top : top + 6, left : left + 6] = 0
        after = model.activations(covered, ["relu2"])["relu2"][0, 2].reshape(-1)[position]
        assert found.values[0, top, left] == pytest.approx(found.scores[0] - after, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"window": 21}, ValueError, "the window's height is 21, expected 1 to 20"),
        ({"window": (5, 0)}, ValueError, "the window's width is 0"),
        (
            {"window": 5, "stride": 6},
            ValueError,
            "stride is 6, expected 1 to 5, the window's height: pixels are left out",
        ),
        ({"window": 5, "stride": (5, 0)}, ValueError, "stride is 0"),
        ({"window": 2.5}, TypeError, "window is 2.5"),
        ({"window": (1, 2, 3)}, ValueError, "window is"),
        ({"baseline": "grey"}, ValueError, "unknown baseline"),
        ({"score": "loss"}, ValueError, "unknown score 'loss'"),
        ({"score": "probability", "layer": "conv1"}, ValueError, "unknown score 'probability', expected one of logit"),
    ],
)
def test_wrong_options(options, kind, message):
    with pytest.raises(kind, match=f"occlusion: {message}"):
        occlusion(tiny_model(), images(), **options)


def test_windows_cover_everything():
    for size in range(1, 9):
        for side in range(1, size + 1):
            for step in range(1, side + 1):
                covered = {
                    row for place in windows((size, 1), (side, 1), (step, 1), "test") for row in range(*place[::2])
                }
                assert covered == set(range(size))
