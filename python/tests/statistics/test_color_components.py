"""Principal components of colours: against numpy, exact sums, fixed signs, refusals, the command."""

import json

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, photo_folder, shared_data

import swiftalexnet as sa
from swiftalexnet.cli import main
from swiftalexnet.recipes.color_components import ILSVRC


def colored(count: int = 9, side: int = 12, seed: int = 0) -> np.ndarray:
    """Return images whose colours vary most from dark red to bright yellow."""
    generator = np.random.default_rng(seed)
    strength = generator.normal(0, (30, 12, 4), (count, side, side, 3))
    mix = np.array(((0.6, 0.7, 0.1), (0.7, -0.6, 0.2), (0.1, 0.2, -0.9)))
    return np.clip(110 + strength @ mix, 0, 255).astype(np.uint8)


def test_is_the_eigendecomposition_of_the_covariance_of_all_pixels():
    images = colored()
    result = sa.color_components(sa.ArrayDataset(images, np.zeros(9, int)))
    covariance = np.cov(images.reshape(-1, 3).astype(float), rowvar=False, bias=True)
    vectors, deviations = np.array(result.eigenvectors), np.array(result.deviations)
    np.testing.assert_allclose(vectors.T * deviations**2 @ vectors, covariance, atol=1e-9)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-12)
    assert deviations[0] > 2 * deviations[1] > 4 * deviations[2]
    assert all(max(row, key=abs) > 0 for row in result.eigenvectors)


def test_order_of_images_changes_no_bit():
    images = colored()
    one = sa.color_components(sa.ArrayDataset(images, np.zeros(9, int)))
    assert one == sa.color_components(sa.ArrayDataset(images[::-1].copy(), np.zeros(9, int)))
    assert one != sa.color_components(sa.ArrayDataset(images[1:].copy(), np.zeros(8, int)))


def test_arrays_are_taken_as_they_are_and_files_at_256(tmp_path):
    images = colored(8, 40)
    data = sa.ArrayDataset(images, np.zeros(8, int))
    assert sa.color_components(data) == sa.color_components(data, size=40) != sa.color_components(data, size=10)
    (tmp_path / "a").mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "a" / f"{number}.png")
    folder = sa.ImageFolder(tmp_path)
    assert sa.color_components(folder) == sa.color_components(folder, size=256)
    assert sa.color_components(folder, size=40) == sa.color_components(data)


def test_ilsvrc_is_an_orthonormal_basis():
    vectors = np.array(ILSVRC.eigenvectors)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(np.square(ILSVRC.deviations), (14830.383, 1375.957, 388.911), rtol=1e-6)


def test_is_a_value_that_json_holds():
    again = sa.ColorComponents(**json.loads(json.dumps(ILSVRC.to_json())))
    assert again == ILSVRC and hash(again) == hash(ILSVRC)
    assert sa.ColorComponents(np.eye(3, dtype=np.float32), np.ones(3)).deviations == (1.0, 1.0, 1.0)
    assert "121.780" in str(ILSVRC) and "-0.5635" in str(ILSVRC)


@pytest.mark.parametrize(
    ("vectors", "deviations", "kind", "message"),
    [
        (np.eye(2), np.ones(3), ValueError, r"\(2, 2\)"),
        (np.eye(3), np.ones(4), ValueError, r"\(4,\)"),
        (np.eye(3), (1, 1, -1), ValueError, "at least 0"),
        (np.full((3, 3), np.nan), np.ones(3), ValueError, "eigenvectors holds"),
        (((1,), (1, 2), (3,)), np.ones(3), TypeError, "eigenvectors"),
        (np.eye(3), "abc", TypeError, "deviations"),
        (np.eye(3), (1, 1, 10**400), TypeError, "deviations"),
        (None, np.ones(3), ValueError, "eigenvectors"),
    ],
)
def test_refuses_other_numbers(vectors, deviations, kind, message):
    with pytest.raises(kind, match=f"ColorComponents: .*{message}"):
        sa.ColorComponents(vectors, deviations)


def test_grey_images_are_refused(tmp_path):
    grey = colored()[..., :1]
    for images in (grey, np.repeat(grey, 3, axis=-1)):
        with pytest.raises(ValueError, match="color_components: .*(1 channels|are grey)"):
            sa.color_components(sa.ArrayDataset(images, np.zeros(9, int)))
    with pytest.raises(ValueError, match="color_components: size is 0"):
        sa.color_components(sa.ArrayDataset(colored(), np.zeros(9, int)), size=0)
    photo_folder(tmp_path, count=1)
    for name in CLASSES:
        (tmp_path / name / "0.png").write_bytes(b"")
    with pytest.raises(ValueError, match="none of 4 images"):
        sa.color_components(sa.ImageFolder(tmp_path, on_error="skip"))


def test_command_prints_them(tmp_path, capsys):
    folder = str(photo_folder(tmp_path))
    assert main(["colors", folder]) == 0
    assert "deviation" in capsys.readouterr().out
    assert main(["colors", folder, "--json", "--size", "31"]) == 0
    printed = sa.ColorComponents(**json.loads(capsys.readouterr().out))
    assert printed == sa.color_components(sa.ImageFolder(folder), size=31)
    assert main(["colors", str(tmp_path / "missing")]) == 2
    assert "missing" in capsys.readouterr().err


def test_photographs_have_one_long_grey_component():
    folder = shared_data("photos")
    images = []
    for name in ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg"):
        with Image.open(folder / name) as image:
            images.append(np.asarray(image.convert("RGB").resize((128, 128))))
    result = sa.color_components(sa.ArrayDataset(np.stack(images), np.zeros(4, int)))
    assert result.deviations[0] > 2 * result.deviations[1]
    np.testing.assert_allclose(result.eigenvectors[0], np.full(3, 3**-0.5), atol=0.2)
