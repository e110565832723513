"""How training images vary: what the engine makes of the settings, and which settings are refused."""

import numpy as np
import pytest
import small_network as small

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.recipes.color_components import ILSVRC

IMAGES = small.labelled_images(16, 18)


def augmented(augmentation: sa.Augmentation, mean=None, step: int = 2, images=IMAGES) -> np.ndarray:
    """Return crops of 15 × 15 as training sees them."""
    crops = np.empty((len(images), 15, 15, images.shape[-1]), np.float32)
    _native.augment_images(images, (15, 15, mean, None, 0), augmentation.for_engine(images.shape[-1]), 1, step, crops)
    return crops


def windows(image: np.ndarray) -> dict[bytes, tuple[int, int, bool]]:
    """Return every crop of 15 × 15 of an image, as bytes, to its place."""
    places = [(top, left, mirrored) for top in range(4) for left in range(4) for mirrored in (False, True)]
    cut = {place: image[place[0] : place[0] + 15, place[1] : place[1] + 15] for place in places}
    return {(crop[:, ::-1] if place[2] else crop).tobytes(): place for place, crop in cut.items()}


def place(image: np.ndarray, crop: np.ndarray) -> tuple[int, int, bool]:
    return windows(image)[crop.astype(np.uint8).tobytes()]


def test_a_chunk_shares_crop_and_flip():
    each = [place(*pair) for pair in zip(IMAGES, augmented(sa.Augmentation()), strict=True)]
    assert len(set(each)) > 8
    for chunk in (1, 5, 32):
        together = [place(*pair) for pair in zip(IMAGES, augmented(sa.Augmentation(chunk=chunk)), strict=True)]
        assert together == [each[index // chunk] for index in range(16)]


def test_a_shift_moves_by_whole_pixels():
    plain = augmented(sa.Augmentation(crop=False, flip=False))
    shifted = augmented(sa.Augmentation(crop=False, flip=False, shift=3))
    framed = np.pad(IMAGES, ((0, 0), (3, 3), (3, 3), (0, 0)), "edge")
    seen = set()
    for image, crop in zip(framed, shifted, strict=True):
        found = [(y, x) for y in range(7) for x in range(7) if np.array_equal(image[1 + y :, 1 + x :][:15, :15], crop)]
        assert len(found) == 1
        seen.add(found[0])
    assert len(seen) > 8 and plain.shape == shifted.shape


def test_a_rotation_keeps_what_looks_the_same_from_everywhere():
    y, x = np.mgrid[:18, :18] - 8  # the middle of the centre crop
    round_hill = np.repeat((200 - 0.5 * (x**2 + y**2))[None, :, :, None], 8, axis=0).round().astype(np.uint8)
    plain = augmented(sa.Augmentation(False, False), images=round_hill)[..., 0]
    turned = augmented(sa.Augmentation(False, False, rotation=180), images=round_hill)[..., 0]
    inside = (x**2 + y**2)[1:16, 1:16] <= 49  # corners come from beyond the border
    assert np.abs(turned - plain)[:, inside].max() < 1.5
    assert len({crop.tobytes() for crop in turned}) == 8
    tilted = augmented(sa.Augmentation(False, False, rotation=10), images=IMAGES)
    assert IMAGES.min() <= tilted.min() and tilted.max() <= IMAGES.max()


def test_color_noise_goes_along_the_given_components_and_is_divided():
    red = sa.ColorComponents(np.eye(3), (50, 0, 0))
    mean = np.full(3, 100, np.float32)
    plain = augmented(sa.Augmentation(), mean)
    shifts = augmented(sa.Augmentation(color_noise=0.1, components=red), mean) - plain
    assert np.ptp(shifts[..., 0], axis=(1, 2)).max() < 1e-4 and not shifts[..., 1:].any()
    assert 1 < np.abs(shifts[:, 0, 0, 0]).mean() < 10
    divided = augmented(sa.Augmentation(color_noise=0.1, components=red, color_divisor=1.1), mean)
    np.testing.assert_allclose(divided * 1.1, plain + shifts, rtol=1e-5, atol=1e-4)
    assert np.array_equal(augmented(sa.Augmentation(color_divisor=1.1), mean), plain)


def test_the_components_are_ilsvrcs_unless_told():
    with_noise = sa.Augmentation(color_noise=0.1)
    assert with_noise == sa.Augmentation(True, True, 0.1)
    vectors, deviations = with_noise.for_engine(3)[3:5]
    assert vectors.dtype == deviations.dtype == np.float32
    np.testing.assert_array_equal(vectors, np.float32(ILSVRC.eigenvectors))
    named = augmented(sa.Augmentation(color_noise=0.1, components=ILSVRC))
    assert np.array_equal(augmented(with_noise), named)
    assert with_noise.for_engine(1)[2:5] == sa.Augmentation(True, True).for_engine(3)[2:5] == (0.0, None, None)


def test_numpy_numbers_become_plain():
    augmentation = sa.Augmentation(rotation=np.float32(7.5), chunk=np.int64(4), flip=np.bool_(False))
    assert [type(value) for value in (augmentation.rotation, augmentation.chunk, augmentation.flip)] == [
        float, int, bool,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "value", "kind"),
    [
        ("color_noise", -0.1, ValueError),
        ("color_noise", "much", TypeError),
        ("components", (1, 2, 3), TypeError),
        ("color_divisor", 0, ValueError),
        ("color_divisor", float("nan"), ValueError),
        ("chunk", 0, ValueError),
        ("chunk", 1.5, TypeError),
        ("rotation", 180.5, ValueError),
        ("rotation", -1, ValueError),
        ("rotation", True, TypeError),
        ("shift", -1, ValueError),
        ("shift", 2.0, TypeError),
    ],
)
def test_refuses_bad_settings(setting, value, kind):
    with pytest.raises(kind, match=f"Augmentation: {setting}"):
        sa.Augmentation(**{setting: value})
