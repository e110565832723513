"""LPIPS: Zhang, Isola, Efros, Shechtman, Wang 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual
Metric", with the weights and the preprocessing of the package lpips.
"""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _native, ops
from .._support.arrays import require_memory
from .._support.choices import choose
from .._support.progress import Progress
from ..errors import NonFiniteError
from ..network.base import BaseModel
from .all_pairs import all_pairs
from .backbones import BACKBONES, open_backbone
from .distance import Distance, Distances
from .heads import VERSIONS, heads
from .inputs import Levels, Size, batches_of, pairs
from .trunk import Trunk
from .upsampling import enlarge

Float32 = NDArray[np.float32]

_AT_ONCE = 128 << 20  # bytes of the features that are compared at once; at least those of one pair
_NHWC = 1


class LPIPS:
    """The learned perceptual distance of images.

    Images are uint8 arrays [height, width, 3] or [n, height, width, 3] in red, green, blue, paths, Pillow images, or
    lists of these, of any size: nothing is resized, and a grey image is taken as one with three equal channels. Arrays
    of floats need `value_range`, the values of black and white, and are not rounded. Images become the network's input
    as in lpips, (2 · image - 1 - shift) / scale for an image of 0 to 1, whatever the preprocessing of the backbone.

    Parameters
    ----------
    net : {"alex", "vgg"}
        Whose features are compared: AlexNet's, which lpips recommends for measuring, or VGG-16's, for optimising.
    version : {"0.1", "0.0"}
        Of the layers' weights; 0.0, of the first preprint, does not shift and scale the input.
    backbone : Model or path, optional
        The network with its weights: `owt` for "alex", VGG `D` for "vgg"; only the convolutional part is read and kept.
        By default torchvision's weights, found as `swiftalexnet.pretrained` finds "alexnet-torchvision" and
        "vgg16-torchvision".
    progress : bool
        Show a bar while these are downloaded.

    Attributes
    ----------
    net, version : str
    layers : tuple of str
        The layers that are compared.
    source : Source or None
        Where the backbone's weights come from.

    Raises
    ------
    ValueError
        An unknown net or version, or a backbone of another variant.
    OSError, UnsupportedError
        The weights are not on this machine and could not be downloaded; the message says where to get them.
    """

    def __init__(
        self,
        net: str = "alex",
        version: str = "0.1",
        backbone: BaseModel | str | os.PathLike[str] | None = None,
        *,
        progress: bool = True,
    ):
        self.net = choose("LPIPS", "net", net, BACKBONES, even_if_far=True)
        self.version = choose("LPIPS", "version", version, VERSIONS, even_if_far=True)
        self._heads = heads(net, version)
        model = open_backbone(net, backbone, progress)
        self.layers, self.source = BACKBONES[net].layers, model.source
        self._trunk = Trunk(model, self.layers, scaled=version != "0.0")

    def __call__(
        self,
        a: Any,
        b: Any,
        *,
        spatial: bool = False,
        layout: str | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> Any:
        """Return the distance of two images, or of the pairs of two batches or lists.

        Parameters
        ----------
        a, b : images
            As many on either side, or one image for all of the other side; the two of a pair have one size.
        spatial : bool
            Return a map besides, too: the distance at every pixel.
        layout : {"NHWC", "NCHW"}, optional
            Axis order of arrays.
        value_range : (float, float), optional
            The values of black and white in arrays of other types than uint8, and in files of more than 8 bits.

        Returns
        -------
        Distance
            For two single images.
        Distances
            For batches and lists.

        Raises
        ------
        TypeError, ValueError, OSError
            Something that is not an image; floats without `value_range`; sizes or numbers that differ.
        NonFiniteError
            A distance is infinite or NaN.
        """
        left, right = Levels(a, layout, value_range), Levels(b, layout, value_range)
        sizes = pairs(left, right)
        parts = np.empty((len(sizes), len(self.layers)), np.float32)
        maps: list[Float32] = []
        for batch, first, second in self._in_batches(left, right, sizes):
            pictured = np.zeros((len(batch), *sizes[batch[0]]), np.float32) if spatial else None
            for layer, (x, y, weights) in enumerate(zip(first, second, self._heads, strict=True)):
                means, places = np.empty(len(batch), np.float32), np.empty(x.shape[:3], np.float32)
                _native.perceptual_distance(x, y, weights, _NHWC, places, means)
                parts[batch, layer] = means
                if pictured is not None:
                    pictured += enlarge(places, *pictured.shape[1:])
            maps += [] if pictured is None else list(pictured)
        result = self._result(parts, maps if spatial else None, left, right)
        return result[0] if left.alone and right.alone else result

    def embed(self, images: Any, *, layout: str | None = None, value_range: tuple[float, float] | None = None) -> Float32:
        """Return images as vectors whose squared Euclidean distances are LPIPS, [n, length].

        All images have one size, on which the length depends: 640,128 for "alex" and 256 × 256 pixels. Use it for
        nearest neighbours and clustering; `cdist` bounds its memory.

        Raises
        ------
        TypeError, ValueError, OSError, MemoryError
            As in a call; images of two sizes; vectors that do not fit into memory.
        """
        levels = Levels(images, layout, value_range)
        return self._embed(levels, np.arange(len(levels)), levels.one_size())

    def cdist(
        self,
        x: Any,
        y: Any = None,
        *,
        layout: str | None = None,
        value_range: tuple[float, float] | None = None,
        max_bytes: int = 1 << 30,
        progress: bool = False,
    ) -> Float32:
        """Return the distances of all pairs, [n, m]; without `y` of the pairs of `x`, [n, n], each computed once.

        The features of each image are computed once as long as their vectors (see `embed`) take less than `max_bytes`;
        of more images blocks are compared with blocks. Distances agree with those of a call to float32 rounding: they
        are summed from differences, so that near copies keep their digits.

        Parameters
        ----------
        x, y : images
            All of one size.
        layout, value_range
            As in a call.
        max_bytes : int
            For vectors.
        progress : bool
            Show a bar of the pairs.

        Raises
        ------
        TypeError, ValueError, OSError, MemoryError, NonFiniteError
            As in a call; images of two sizes.
        """
        left = Levels(x, layout, value_range)
        right = None if y is None else Levels(y, layout, value_range)
        size = left.one_size()
        if right is not None and right.one_size() != size:
            pairs(left, right)
        ...


    # How it is computed

    def _in_batches(
        self, a: Levels, b: Levels, sizes: list[Size]
    ) -> Iterator[tuple[NDArray[np.intp], list[Float32], list[Float32]]]:
        """Yield indices of pairs of one size, and the features of both sides."""
        batches = batches_of(sizes, {size: max(1, self._at_once(size) // 2) for size in set(sizes)})
        for batch, *features in zip(batches, self._side(a, batches), self._side(b, batches), strict=True):
            yield batch, *features

    def _side(self, levels: Levels, batches: list[NDArray[np.intp]]) -> Iterator[list[Float32]]:
        """Yield the features of each batch; those of a single image are computed once."""
        if len(levels) > 1:
            yield from map(self._trunk.features, levels.read(batches))
            return
        (image,) = levels.read([np.zeros(1, np.intp)])
        features = self._trunk.features(image)
        for batch in batches:
            yield [np.repeat(each, len(batch), axis=0) for each in features]
