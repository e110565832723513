"""Images from callers: what is accepted, what is refused, and lists."""

import numpy as np
import pytest
from PIL import Image
from support import labelled_images, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.images.geometry import Geometry
from swiftalexnet.images.inputs import Images, as_images

IMAGE = labelled_images(1)[0][0]
SQUARE = Geometry(16, 3, "area")


def held_by_itself() -> list:
    ring: list = []
    ring.append(ring)
    return ring


def nested(depth: int) -> list:
    item: list = [IMAGE]
    for _ in range(depth):
        item = [item]
    return item


@pytest.mark.parametrize(
    "wrong",
    [
        held_by_itself(),
        nested(1),
        nested(100_000),
        [IMAGE, [IMAGE]],
        (held_by_itself(),),
        [3],
        [None],
        {"a": 1},
        3,
        b"x",
    ],
    ids=["ring", "nested", "deep", "mixed", "ring in a tuple", "number", "None", "dict", "int", "bytes"],
)
@pytest.mark.parametrize("door", ["predict", "probabilities", "features", "score_map"])
def test_anything_but_an_image_is_a_type_error(wrong, door):
    arguments = (["fc6"],) if door == "features" else ()
    with pytest.raises(TypeError, match=f"^{'predict' if door == 'probabilities' else door}: got .*expected images"):
        getattr(tiny_model(), door)(wrong, *arguments)


def test_an_array_of_several_images_is_not_an_item():
    with pytest.raises(ValueError, match="work: a list contains an array of several images"):
        as_images([np.stack([IMAGE, IMAGE])], None, None, 3, "work")
    assert len(as_images([IMAGE[None], IMAGE], None, None, 3, "work")) == 2


def test_arrays_of_other_libraries_are_arrays():
    class Foreign:
        def __array__(self, *_, **__):
            return IMAGE

    expected = tiny_model().probabilities(IMAGE)
    for way in (Foreign(), [Foreign()], memoryview(IMAGE), [memoryview(IMAGE)]):
        assert np.array_equal(tiny_model().probabilities(way), expected)
    for wrong in (np.ndarray, Foreign, bytearray(b"x")):
        with pytest.raises(TypeError, match="predict: got"):
            tiny_model().predict(wrong)


def test_a_pillow_image_that_fails_is_named():
    broken = Image.fromarray(IMAGE)
    broken.info["transparency"] = "white"
    images = as_images([IMAGE, broken], None, None, 3, "work")
    with pytest.raises(ValueError, match="image 1, a Pillow image of mode RGB, cannot be decoded"):
        images.image(1, SQUARE)


def test_a_truncated_or_closed_pillow_image_is_a_value_error(tmp_path):
    path = tmp_path / "x.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    with Image.open(path) as cut, pytest.raises(ValueError, match="Pillow image"):
        tiny_model().predict(cut)
    closed = Image.open(path)
    closed.close()
    with pytest.raises(ValueError, match="Pillow image"):
        tiny_model().predict(closed)


def test_files_are_decoded_on_as_many_threads_as_the_engine_has(tmp_path):
    paths = sorted(photo_folder(tmp_path).glob("*/*.png"))
    before = sa.get_num_threads()
    try:
        for count in (1, 3):
            sa.set_num_threads(count)
            assert Images(paths).workers == count
            assert sa.ImageFolder(tmp_path).workers == count
        assert Images(paths[:2]).workers == 2, "not more than images"
        assert Images([paths[0], IMAGE]).workers == 1
        assert sa.ImageFolder(tmp_path, workers=7).workers == 7
    finally:
        sa.set_num_threads(before)
