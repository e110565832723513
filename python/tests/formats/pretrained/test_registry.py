import json
from importlib import resources
from urllib.parse import urlsplit

import numpy as np
import pytest
from support import ROOT, needs

import swiftalexnet as sa
from swiftalexnet.files.download import is_secure
from swiftalexnet.formats.pretrained.finding import OFFLINE
from swiftalexnet.formats.pretrained.places import HOME
from swiftalexnet.formats.pretrained.registry import as_markdown, default_entry, names_for, registry
from swiftalexnet.preprocessing.defaults import default_preprocessing

DIGITS = {"sha256": 64, "sha1": 40, "md5": 32}
ENTRIES = list(registry().values())


def test_names_files_and_addresses_are_unique():
    content = json.loads((resources.files("swiftalexnet.formats.pretrained") / "registry.json").read_text("utf-8"))
    assert len(content["models"]) == len(registry()) > 40
    for field in ("file", "address"):
        assert len({getattr(entry, field) for entry in ENTRIES}) == len(ENTRIES)


def test_one_default_for_a_variant():
    defaults = [entry.variant for entry in ENTRIES if entry.default]
    assert sorted(defaults) == sorted({"owt", "caffe", "caffenet", "vgg-A", "vgg-B", "vgg-D", "vgg-E"})


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entry(entry):
    assert entry.variant is None or entry.variant in sa.variants()
    assert "." not in entry.name and "/" not in entry.name
    assert "/" not in entry.file and not entry.file.startswith(".")
    assert urlsplit(entry.address).scheme in ("https", "http") and urlsplit(entry.address).netloc
    assert entry.publisher
    assert (entry.top1 is None) == (entry.top5 is None) == (entry.accuracy_source is None)
    assert entry.top1 is None or 30 < entry.top1 < entry.top5 < 100
    assert entry.bytes is None or entry.bytes > 10**7
    assert entry.caches.keys() <= {"torch", "keras", "huggingface"}
    assert entry.can_be_downloaded == (entry.digest is not None and is_secure(entry.address))


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.digest], ids=lambda entry: entry.name)
def test_digest(entry):
    assert entry.digest_source
    digits = entry.digest.digits
    assert set(digits) <= set("0123456789abcdef")
    is_torchvision = "torch" in entry.caches
    assert len(digits) == DIGITS[entry.digest.algorithm] or (is_torchvision and len(digits) == 8)
    if is_torchvision:  # whose file names end with the first digits
        assert entry.file == f"{entry.file.rpartition('-')[0]}-{digits[:8]}.pth"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.preprocessing], ids=lambda entry: entry.name)
def test_preprocessing(entry):
    assert entry.preprocessing_source
    assert entry.preprocessing.crop == entry.image_size
    assert not entry.preprocessing.learn_mean
    assert 100 < entry.preprocessing.mean[2] < entry.preprocessing.mean[0] < 125, "red, green, blue"


def test_torchvision_s_is_that_of_the_catalogue():
    ours, theirs = default_preprocessing("owt", 224, 3), registry()["alexnet-torchvision"].preprocessing
    np.testing.assert_array_equal(ours.mean, theirs.mean)
    np.testing.assert_array_equal(ours.scale, theirs.scale)
    assert ours.to_json() == theirs.to_json()


def test_what_is_offered_for_a_variant():
    assert default_entry("vgg-D", "vgg").name == "vgg16-torchvision"
    assert "vgg16-keras" in names_for("vgg-D")
    with pytest.raises(ValueError, match="no weights are published for 'd2l', only for 'owt'"):
        default_entry("d2l", "alexnet")


def test_the_table():
    table = sa.pretrained_models()
    assert table.names == list(registry()) and len(table) == len(registry())
    assert next(iter(table)) is ENTRIES[0]
    lines = str(table).splitlines()
    assert len(lines) == len(table) + 2 and repr(table) == str(table)
    assert lines[2].split()[:5] == ["alexnet-torchvision", "owt", "244", "56.5", "79.1"]
    assert table._repr_html_().count("<tr>") == len(table) + 1


def test_the_page_has_the_table():
    page = (ROOT / "docs" / "pretrained.md").read_text(encoding="utf-8")
    assert f"\n{as_markdown()}\n" in page
    for variable in (HOME, OFFLINE):
        assert variable in page


def test_the_table_as_a_frame():
    needs("pandas")
    frame = sa.pretrained_models().to_frame()
    assert list(frame["name"]) == list(registry())


def test_alexnet_of_places_is_caffenet():
    # deploy_alexnet_places365.prototxt of CSAILVision/places365, "CaffeNet-Places365", normalises behind the pools.
    assert registry()["alexnet-places365-caffe"].variant == "caffenet"
