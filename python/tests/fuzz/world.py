"""The objects of a case: shared models, its own model, small data, its own folder."""

import copy
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import cifar_files
import lpips_trunk
import numpy as np
import small_network
from numpy.typing import NDArray
from PIL import Image
from support import CLASSES, TINY, dataset, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.data.cifar import batches as cifar_batches
from swiftalexnet.images.geometry import Geometry

__all__ = ["CLASSES", "TINY", "Shared", "World"]

SIDE = 23  # of the images of `support.dataset`


class Shared:
    """What is made once in a process; nobody may change it.

    Attributes
    ----------
    model, other : Model
        Two networks of one form.
    network : _native.Network
    folder : Path
        Photographs, one folder a class, and a model file.
    """

    def __init__(self) -> None:
        cifar_batches.RECORDS = cifar_files.RECORDS  # the real one has 10,000 images a batch
        self.model, self.other = tiny_model(seed=1), tiny_model(seed=2)
        self.network = small_network.make()
        self.data = dataset(8)
        self.model.classes = self.other.classes = CLASSES
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        photo_folder(self.folder / "photos", 2)
        self.model.save(self.folder / "model.safetensors", known_answers=True)

    @cached_property
    def quantized(self) -> sa.Model:
        """The first model in eight bits."""
        return self.model.quantize(self.data.images.repeat(2, axis=0))

    @cached_property
    def history(self) -> sa.History:
        """The history of two epochs with validation."""
        return tiny_model().fit(self.data, self.data, 2, recipe=quick_recipe(), progress=False)

    @cached_property
    def family(self) -> sa.SeedFamily:
        """Two networks that differ in their seed."""
        options = {"folder": self.folder / "family", "recipe": quick_recipe(epochs=1), "progress": False}
        return sa.fit_seeds(lambda seed: tiny_model(seed=seed), (0, 5), self.data, **options)

    @cached_property
    def evaluation(self) -> sa.Evaluation:
        """What a model got wrong."""
        return self.model.evaluate(self.data)

    @cached_property
    def profile(self) -> sa.Profile:
        """A profile, which takes a while to measure."""
        return self.model.profile(1, repeats=1)

    @cached_property
    def classifier(self) -> Any:
        """An estimator that has seen images of four classes."""
        return sa.sklearn.AlexNetClassifier(epochs=1, random_state=0).fit(self.data.images, self.data.labels)

    @cached_property
    def transformer(self) -> Any:
        """An estimator that gives the features of images."""
        return sa.sklearn.AlexNetFeatures(self.model).fit(self.data.images)

    @cached_property
    def features(self) -> sa.StoredFeatures:
        """Features in files."""
        return self.model.features(self.data, ["pool1", "fc6"], out=self.folder / "extracted")

    @cached_property
    def explanation(self) -> sa.attribution.Attribution:
        """What the answers for two images rest on."""
        return sa.attribution.integrated_gradients(self.model, self.data.images[:2], steps=2)

    @cached_property
    def maximization(self) -> sa.attribution.Maximization:
        """Images made for two classes."""
        return sa.attribution.activation_maximization(self.model, [0, 1], steps=2)

    @cached_property
    def shards(self) -> str:
        """The photographs in shards of three, as a pattern."""
        return sa.write_shards(
            self.folder / "photos", self.folder / "shards", images_per_shard=3, progress=False
        ).pattern

    @cached_property
    def cifar(self) -> Path:
        """A CIFAR-10 of eight images a batch."""
        return cifar_files.write_folder(self.folder / "cifar", cifar_files.binary_files())

    @cached_property
    def vgg(self) -> sa.Model:
        """The smallest network that another VGG may start from."""
        return sa.vgg("A", 4, image_size=32, initialization="zeros", without=("fc6", "fc7"))

    @cached_property
    def trunk(self) -> sa.Model:
        """The network that LPIPS stands on."""
        return lpips_trunk.trunk()

    @cached_property
    def trunk_file(self) -> Path:
        """The same as a file."""
        self.trunk.save(self.folder / "trunk.safetensors")
        return self.folder / "trunk.safetensors"

    @cached_property
    def lpips(self) -> sa.LPIPS:
        """A perceptual distance."""
        return sa.LPIPS(backbone=self.trunk)

    @cached_property
    def distances(self) -> Any:
        """The distances of two pairs of images."""
        images = np.arange(2 * 40 * 40 * 3, dtype=np.uint8).reshape(2, 40, 40, 3)
        return self.lpips(images, images[::-1], spatial=True)

    def close(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.folder, ignore_errors=True)


class World:
    """What one case draws from.

    Parameters
    ----------
    random : Random
        Decides everything that is random.
    shared : Shared

    Attributes
    ----------
    home : Path
        A folder that is the case's own, and the current one.
    """

    def __init__(self, random: Random, shared: Shared):
        self.random, self.shared = random, shared
        self.own: sa.Model | None = None
        self.own_network: _native.Network | None = None
        self.home = Path(tempfile.mkdtemp(dir=shared.folder))
        os.chdir(self.home)

    # Values

    @cached_property
    def numbers(self) -> np.random.Generator:
        """Draws arrays."""
        return np.random.default_rng(self.random.getrandbits(64))

    def one_of(self, *values: Any) -> Any:
        """Return one of some values."""
        return self.random.choice(values)

    def floats(self, *shape: int) -> NDArray[np.float32]:
        """Return normal numbers."""
        return self.numbers.standard_normal(shape, np.float32)

    def integers(self, count: int, end: int) -> NDArray[np.int32]:
        """Return labels below `end`."""
        return self.numbers.integers(0, end, count, np.int32)

    def images(self, *shape: int) -> NDArray[np.uint8]:
        """Return noise of any shape."""
        return self.numbers.integers(0, 256, shape, np.uint8)

    # Models

    def model(self) -> sa.Model:
        """Return a copy that the case may change."""
        if self.own is None:
            self.own = copy.deepcopy(self.shared.model)
        return self.own

    def network(self) -> _native.Network:
        """Return a network that the case may change."""
        if self.own_network is None:
            self.own_network = small_network.make()
        return self.own_network

    # Files

    def new_file(self, suffix: str = "") -> Path:
        """Return the path of a file that does not exist."""
        return self.home / f"new-{self.random.getrandbits(32):x}{suffix}"

    def image_file(self) -> Path:
        """Return a file that holds an image."""
        return self.shared.folder / "photos" / self.random.choice(CLASSES) / f"{self.random.randrange(2)}.png"

    def folder(self) -> sa.ImageFolder:
        """Return photographs in folders."""
        return sa.ImageFolder(self.shared.folder / "photos")

    def geometry(self) -> Geometry:
        """Return what a data set is asked for."""
        return self.one_of(Geometry(SIDE, 3, "area"), Geometry(20, 3, "bilinear"), Geometry(12, 1, "area", 16))

    def pillow(self) -> Image.Image:
        """Return a Pillow image."""
        mode = self.one_of("RGB", "L", "RGBA", "LA", "P", "1", "CMYK", "YCbCr", "I;16")
        return Image.new(mode, (self.random.randint(1, 40), self.random.randint(1, 40)))

    def close(self) -> None:
        """Remove the case's files."""
        os.chdir(self.shared.folder)
        shutil.rmtree(self.home, ignore_errors=True)
