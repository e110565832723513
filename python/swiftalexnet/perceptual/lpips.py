"""LPIPS, the learned perceptual distance of images, with the weights and the preprocessing of the package lpips.

Zhang, Isola, Efros, Shechtman, Wang 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric".
"""

import os
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._support.arithmetic import choose_arithmetic
from .._support.arrays import as_integer
from .._support.choices import choose
from .._support.progress import Progress
from .._support.shown import shown
from ..network import parts
from ..network.base import BaseModel
from .all_pairs import all_pairs, plan
from .backbones import BACKBONES, open_backbone
from .distance import Distances
from .heads import VERSIONS, heads
from .inputs import BYTES, Levels, in_text, pairs
from .measure import Measure, require_finite
from .trunk import Trunk

Float32 = NDArray[np.float32]


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
    fast_math : bool
        Compute the convolutions of calls, `embed` and `cdist` by Winograd's method, which is faster; distances then
        stay within 1e-5 of their size, those of near copies (below 1e-5) within 1e-12. False computes the exact sums,
        as `value_and_grad` does.
    progress : bool
        Show a bar while weights are downloaded.

    Attributes
    ----------
    net, version : str
    layers : tuple of str
        The layers that are compared.
    source : Source or None
        Where the backbone's weights come from.

    Raises
    ------
    TypeError, ValueError
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
        fast_math: bool = True,
        progress: bool = True,
    ):
        self.net = choose("LPIPS", "net", net, BACKBONES, even_if_far=True)
        if not isinstance(version, str):
            raise TypeError(f"LPIPS: version is {shown(version)}, expected a text: '0.1' or '0.0'")
        self.version = choose("LPIPS", "version", version, VERSIONS, even_if_far=True)
        choose_arithmetic("LPIPS", fast_math=fast_math)
        self._fast_math = bool(fast_math)
        model = open_backbone(net, backbone, progress)
        self.layers, self.source = BACKBONES[net].layers, model.source
        trunk = Trunk(model, self.layers, scaled=version != "0.0", fast_math=self._fast_math)
        self._model = model
        self._measure = Measure(trunk, heads(net, version))

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
        if not isinstance(spatial, (bool, np.bool_)):
            raise TypeError(f"LPIPS: spatial is {shown(spatial)}, expected True or False")
        left, right = Levels(a, layout, value_range), Levels(b, layout, value_range)
        sizes = pairs(left, right)
        values, parts, maps = self._measure.compare(left, right, sizes, bool(spatial))
        value_range = next((side.value_range for side in (left, right) if side.value_range != BYTES), BYTES)
        result = Distances(values, parts, self.layers, maps, self.net, self.version, value_range)
        return result[0] if left.alone and right.alone else result

    def embed(
        self, images: Any, *, layout: str | None = None, value_range: tuple[float, float] | None = None
    ) -> Float32:
        """Return images as vectors whose squared Euclidean distances are LPIPS, [n, length].

        All images have one size, on which the length depends: 640,128 for "alex" and 256 × 256 pixels. Use it for
        nearest neighbours and clustering; `cdist` bounds its memory.

        Raises
        ------
        TypeError, ValueError, OSError, MemoryError
            As in a call; images of two sizes; vectors that do not fit into memory.
        """
        levels = Levels(images, layout, value_range)
        return self._measure.embed(levels, np.arange(len(levels)))

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
            Show a bar of the images whose features are computed.

        Raises
        ------
        TypeError, ValueError, OSError, MemoryError, NonFiniteError
            As in a call; images of two sizes.
        """
        most = as_integer(max_bytes, "max_bytes", "LPIPS.cdist", 1)
        left = Levels(x, layout, value_range)
        right = None if y is None else Levels(y, layout, value_range)
        size = left.one_size()
        if right is not None and right.one_size() != size:
            raise ValueError(f"LPIPS.cdist: x has images of {in_text(size)} pixels, y of {in_text(right.one_size())}")
        at_once = most // (4 * self._measure.length(size))
        other = left if right is None else right
        steps = plan(len(left), None if right is None else len(right), at_once)
        with Progress(sum(step.made for step in steps), bool(progress), "lpips") as bar:
            rows, columns = (partial(self._measure.embed, side, advance=bar.advance) for side in (left, other))
            result = all_pairs(steps, (len(left), len(other)), rows, columns)
        require_finite(result.max(axis=1), "a distance of image")
        return result

    def value_and_grad(
        self,
        x: Any,
        reference: Any,
        *,
        layout: str | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> tuple[Any, Any]:
        """Return distances and their gradient with respect to the values of `x`.

        The gradient is finite everywhere: at a pixel of a layer whose features are all zero, where the norm has no
        derivative, it is 0, which is what the ReLU below makes of any number.

        Parameters
        ----------
        x : images
            As in a call; values may leave `value_range`, as an optimiser's do, by up to its width.
        reference : images
            As many, or one for all.
        layout, value_range
            As in a call.

        Returns
        -------
        value : float or array of float32, [n]
            A float for two single images.
        gradient : array of float32, or list of these
            In the form of `x`: of each image's distance with respect to its own values, in their unit. For uint8,
            paths and Pillow images the unit is a grey level of 255.

        Raises
        ------
        TypeError, ValueError, OSError, NonFiniteError
            As in a call.
        """
        left, right = Levels(x, layout, value_range, beyond=255), Levels(reference, layout, value_range)
        sizes = pairs(left, right)
        if len(left) < len(sizes):
            raise ValueError(f"LPIPS.value_and_grad: got 1 image and {len(right)} references, expected one reference")
        values, gradients = self._measure.gradients(left, right, sizes)
        alone = left.alone and right.alone
        return float(values[0]) if alone else values, left.like(gradients)

    def __repr__(self) -> str:
        return f"<LPIPS: net {self.net}, version {self.version}>"

    def __reduce__(self) -> tuple[Any, ...]:
        header, tensors = parts.model_to_parts(self._model)
        copies = {name: np.array(array, order="C") for name, array in tensors.items()}
        return _rebuilt, (self.net, self.version, self._fast_math, header, copies)


def _rebuilt(net: str, version: str, fast_math: bool, header: dict[str, Any], tensors: parts.Tensors) -> LPIPS:
    """Return a copy, or what was pickled."""
    return LPIPS(net, version, parts.model_from_parts(BaseModel, header, tensors), fast_math=fast_math)
