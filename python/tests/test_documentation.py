"""The Python samples of README.md and the pages in docs run unchanged.

A page's samples run one after the other, in a folder that holds the photographs, files and images they name. Only sizes
are cut, for time: a network reads 64 × 64 pixels where the sample names no size, and `fit` ends after one epoch.
"""

import re
import subprocess
import sys
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from command_line import environment
from lpips_trunk import trunk
from PIL import Image
from safetensors.numpy import save_file
from small_weights import torchvision_alexnet
from support import CLASSES, needs, photo_folder

import swiftalexnet as sa

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = {
    str(page.relative_to(ROOT).with_suffix("")).removeprefix("docs/"): samples
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if (samples := re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
}
SIDE = 64
# Of other frameworks, small, by the name that pages give them.
FILES = {
    "caffe_alexnet.caffemodel": "bvlc_alexnet.caffemodel",
    "caffe_alexnet.prototxt": "deploy.prototxt",
    "keras2_vgg.h5": "vgg16.h5",
}
NEEDED = {"coming_from/caffe": "google.protobuf", "coming_from/keras": "h5py", "features": "h5py", "ray": "ray"}
# Ray starts threads and processes, and must not be where other tests fork.
ALONE = {"ray"}


@pytest.fixture
def small(monkeypatch):
    """Cut the sizes of networks and the length of training; take random weights for published ones."""
    for family in ("alexnet", "vgg", "build"):
        monkeypatch.setattr(sa, family, with_small_input(getattr(sa, family)))
    # Published weights are 244 MB, and not here.
    monkeypatch.setattr("swiftalexnet.perceptual.lpips.open_backbone", lambda net, *_: trunk(net))
    for owner, name in ((sa.Model, "fit"), (sa, "fit_seeds")):
        monkeypatch.setattr(owner, name, for_one_epoch(getattr(owner, name)))


def with_small_input(build):
    return lambda *given, **options: build(*given, **{"image_size": SIDE} | options)


def for_one_epoch(fit):
    return lambda *given, **options: fit(*given, **options | {"epochs": 1})


@pytest.fixture
def world(tmp_path, monkeypatch, small):
    """The objects and files that the pages assume, by their names."""
    monkeypatch.chdir(tmp_path)
    for name, count in (("train", 6), ("validation", 2), ("test", 2)):
        photo_folder(tmp_path / "photos" / name, count, SIDE)
    Image.fromarray(np.full((80, 70, 3), 90, np.uint8)).save("cat.jpg")
    (tmp_path / "caches").mkdir()
    (tmp_path / "weights").mkdir()
    save_file(torchvision_alexnet(classes=1000), tmp_path / "weights" / "alexnet.pth")
    for file, name in FILES.items():
        copy(ROOT / "python" / "tests" / "formats" / "files" / file, tmp_path / "weights" / name)
    train, validation, test = (sa.ImageFolder(f"photos/{name}", CLASSES) for name in ("train", "validation", "test"))
    model = sa.alexnet("owt", len(CLASSES))
    sa.alexnet("paper", 7).save("imagenet.safetensors")
    return {
        "sa": sa, "np": np, "model": model, "first": model, "second": sa.alexnet("owt", len(CLASSES), seed=1),
        "train": train, "validation": validation, "test": test, "spec": model.spec,
        "four_batches": train, "all_batches": train,
    }  # fmt: skip


PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(page):
    """Return what a page's headings are called in links, as GitHub derives it."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for file, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        target = page.parent / file if file else page
        assert target.exists(), f"{file} is not there"
        assert not anchor or anchor in anchors(target), f"{file} has no heading {anchor}"


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
# Names with an X stand for files that are to be added.
PATHS = {
    path for path in re.findall(r"`((?:Sources|Tests|python|docs)/[\w/+.-]+\.\w+)`", ARCHITECTURE) if "X" not in path
}


@pytest.mark.parametrize("path", sorted(path for path in PATHS if not re.search(r"[/_]x\.", path)))
def test_the_page_of_the_architecture_names_files_that_exist(path):
    assert (ROOT / path).exists()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("page", SAMPLES)
def test_samples_run_as_they_stand(page, world):
    pytest.importorskip("matplotlib", reason="pip install 'swiftalexnet[plots,frame]' to run the samples")
    pytest.importorskip("pandas", reason="pip install 'swiftalexnet[plots,frame]' to run the samples")
    if page in NEEDED:
        needs(NEEDED[page])
    if page in ALONE:
        code = "\n".join(["import swiftalexnet as sa", *SAMPLES[page]])
        subprocess.run([sys.executable, "-c", code], env=environment(), check=True, timeout=300)
        return
    for number, sample in enumerate(SAMPLES[page]):
        exec(compile(sample, f"{page}.md, sample {number}", "exec"), world)
