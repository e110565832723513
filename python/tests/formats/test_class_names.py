"""Names of classes for weights from elsewhere."""

import pytest
from safetensors.numpy import save_file
from small_weights import torchvision_alexnet

import swiftalexnet as sa
from swiftalexnet.formats.class_names import ilsvrc_classes


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "m"
    save_file(torchvision_alexnet(classes=3), path)
    return path


def test_a_list_or_a_file_of_names(file, tmp_path):
    assert sa.load(file, classes=["a", "b", "c"]).classes == ("a", "b", "c")
    names = tmp_path / "synset_words.txt"
    names.write_text("n01440764 tench, Tinca tinca\nn01443537 goldfish\n\nn1 plain\n", encoding="utf-8")
    assert sa.load(file, classes=names).classes == ("tench, Tinca tinca", "goldfish", "n1 plain")


def test_another_number_of_names_is_refused(file, tmp_path):
    with pytest.raises(ValueError, match="3"):
        sa.load(file, classes=["a", "b"])
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text of names"):
        sa.load(file, classes=tmp_path / "binary")


def test_the_thousand_classes():
    names = ilsvrc_classes()
    assert len(names) == len(set(names)) == 1000
    assert (names[0], names[281], names[282], names[999]) == ("tench", "tabby", "tiger cat", "toilet tissue")
