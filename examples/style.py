"""Textures and styles: images with the statistics of other images, as Gatys, Ecker and Bethge made them in 2015.

python examples/style.py texture STYLE             a new image of a texture (arXiv 1505.07376)
python examples/style.py transfer CONTENT STYLE    one image in the style of another (arXiv 1508.06576)

Without images, those that scikit-learn brings are taken. An image is changed until the correlations of a network's
features (Gram matrices) are those of the style, and for a transfer its features of one layer those of the content:
L-BFGS with the gradients that `Model.linearize` gives.

Without `--model` the network is VGG-16 with random weights, average pooling in place of maxima as in the papers: He,
Wang and Hopcroft 2016 (arXiv 1606.04801) show that random weights do for both. `--model vgg19-torchvision` takes a
trained network. Needs SciPy.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import swiftalexnet as sa

Float32 = NDArray[np.float32]

STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")  # section "Methods" of the second paper, but for relu5_1
CONTENT = "relu4_2"


@dataclass(frozen=True)
class Term:
    """A part of the loss: the features of a layer, or their Gram matrix, should be `wanted`.

    Its loss is weight · Σ(found − wanted)² / (4 Σ wanted²) for a Gram matrix, and weight · Σ(found − wanted)² /
    (2 Σ wanted²) for features: relative to what is wanted, because the features of a network differ in size from layer
    to layer. The papers scale their network's weights for the same end.
    """

    layer: str
    wanted: Float32
    weight: float
    is_gram: bool

    def loss(self, features: Float32) -> tuple[float, Float32]:
        """Return the loss and its gradient with respect to features [channels, positions]."""
        scale = np.float32(self.weight) / np.square(self.wanted, dtype=np.float64).sum().astype(np.float32)
        difference = (gram(features) if self.is_gram else features) - self.wanted
        total = float(scale) * float(np.square(difference, dtype=np.float64).sum())
        if self.is_gram:  # equation 3 of the first paper, and its gradient
            return total / 4, scale * (difference @ features) / np.float32(features.shape[1])
        return total / 2, scale * difference


def gram(features: Float32) -> Float32:
    """Return the mean products of channels over all positions, [channels, channels]."""
    return features @ features.T / np.float32(features.shape[1])


def features_of(model: sa.Model, x: Float32, layers: Sequence[str]) -> dict[str, Float32]:
    """Return each layer's features of one image [channels, height, width] as [channels, positions]."""
    found = model.activations(x[None], list(layers))
    return {name: values[0].reshape(values.shape[1], -1) for name, values in found.items()}


def style_terms(model: sa.Model, x: Float32, layers: Sequence[str], weight: float = 1.0) -> list[Term]:
    """Return the terms that ask for an image's correlations."""
    found = features_of(model, x, layers)
    return [Term(name, gram(found[name]), weight / len(layers), True) for name in layers]


def content_term(model: sa.Model, x: Float32, layer: str, weight: float) -> Term:
    """Return the term that asks for an image's features."""
    return Term(layer, features_of(model, x, [layer])[layer], weight, False)


def value_and_gradient(model: sa.Model, x: Float32, terms: Sequence[Term]) -> tuple[float, Float32]:
    """Return the loss of one image [channels, height, width] and its gradient, from one pass forward and one back."""
    passed = model.linearize(x[None], list(dict.fromkeys(term.layer for term in terms)))
    total, slopes = 0.0, {}
    for term in terms:
        values = passed.activations[term.layer]
        loss, slope = term.loss(values[0].reshape(values.shape[1], -1))
        total += loss
        slopes[term.layer] = slopes.get(term.layer, 0) + slope.reshape(values.shape)
    return total, passed.vjp(slopes)["data"][0]


def optimize(
    model: sa.Model,
    start: Float32,
    terms: Sequence[Term],
    limits: tuple[Float32, Float32],
    iterations: int,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> tuple[Float32, list[float]]:
    """Minimise the loss by L-BFGS between limits, those of black and white pixels; return the image and the losses."""
    from scipy.optimize import Bounds, minimize

    last, losses = [0.0], []

    def fun(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        last[0], gradient = value_and_gradient(model, flat.astype(np.float32).reshape(start.shape), terms)
        return last[0] * 1e4, gradient.astype(np.float64).ravel() * 1e4  # so that no stop is taken for convergence

    def after(_: Any) -> None:
        losses.append(last[0])
        report(len(losses), losses[-1])

    low, high = (np.broadcast_to(limit, start.shape).ravel().astype(np.float64) for limit in limits)
    options = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 20, "ftol": 0, "gtol": 0}
    found = minimize(
        fun, start.astype(np.float64).ravel(), jac=True, method="L-BFGS-B", bounds=Bounds(low, high),
        callback=after, options=options,
    )  # fmt: skip
    return found.x.astype(np.float32).reshape(start.shape), losses


class Pixels:
    """Pixels 0 … 255 as a model's input, at any size: its mean colour is subtracted, its scale multiplied."""

    def __init__(self, model: sa.Model):
        preprocessing = model.preprocessing.with_pixel_mean()
        self._mean = preprocessing.mean[:, None, None]
        scale = np.ones(len(preprocessing.mean)) if preprocessing.scale is None else preprocessing.scale
        self._scale = np.asarray(scale, np.float32)[:, None, None]

    def read(self, image: Image.Image, side: int) -> Float32:
        """Return [channels, height, width] of an image whose shorter side is resized to `side` pixels."""
        factor = side / min(image.size)
        small = image.convert("RGB").resize(
            tuple(round(factor * each) for each in image.size), Image.Resampling.LANCZOS
        )
        return (np.asarray(small, np.float32).transpose(2, 0, 1) - self._mean) * self._scale

    def image(self, x: Float32) -> Image.Image:
        """Return an input as an image."""
        pixels = np.clip(x / self._scale + self._mean, 0, 255)
        return Image.fromarray(np.rint(pixels).astype(np.uint8).transpose(1, 2, 0))

    def limits(self) -> tuple[Float32, Float32]:
        """Return the inputs of black and of white."""
        return -self._mean * self._scale, (255 - self._mean) * self._scale

    def noise(self, shape: tuple[int, ...], seed: int) -> Float32:
        """Return an image of noise."""
        levels = np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)
        return (levels - self._mean) * self._scale


def with_average_pooling(model: sa.Model) -> sa.Model:
    """Return a copy that averages where the model takes maxima: smoother gradients, section 2 of the first paper."""
    text = re.sub(r"^max_pool (.*)$", r"average_pool \1 count_include_pad=0", model.spec, flags=re.MULTILINE)
    other = sa.Model.from_spec(text, "zeros", variant=model.variant)
    other.load_state_dict(model.state_dict())
    other.preprocessing = model.preprocessing
    return other


def random_vgg(seed: int = 0) -> sa.Model:
    """Return the convolutions of VGG-16 up to the fourth pooling, with random weights that keep the size of signals."""
    whole = sa.vgg("D", 2, image_size=32, initialization="zeros", without=("fc6", "fc7"), seed=seed)
    model = whole.up_to("pool4")
    draw = np.random.default_rng(seed)
    for name, values in model.parameters().items():
        if name.endswith("weight"):  # He et al. 2015: variance 2 / inputs
            values[...] = draw.standard_normal(values.shape) * np.sqrt(2 / np.prod(values.shape[1:]))
    return model


def main() -> None:
    """Make one image and write it, the images that it was made of on its left."""
    options = _arguments()
    model = random_vgg(options.seed) if options.model is None else _open(options.model)
    model = model if options.maxima else with_average_pooling(model)
    pixels, names = Pixels(model), _names(options)
    given = [pixels.read(_image(name, at == len(names) - 1), options.size) for at, name in enumerate(names)]
    terms = style_terms(model, given[-1], options.style)
    start = pixels.noise(given[0].shape, options.seed)
    if options.what == "transfer":
        terms.append(content_term(model, given[0], options.content, options.content_weight))
        start = given[0] if options.start == "content" else start
    print(f"{model!r}, {given[0].shape[1]} × {given[0].shape[2]} pixels")

    def report(step: int, loss: float) -> None:
        if step in (1, options.iterations) or not step % 25:
            print(f"{step:4}  loss {loss:.4g}", flush=True)

    made, _ = optimize(model, start, terms, pixels.limits(), options.iterations, report)
    shown = [*given, made]
    sheet = Image.new("RGB", (sum(x.shape[2] + 4 for x in shown) - 4, max(x.shape[1] for x in shown)), "white")
    left = 0
    for x in shown:
        sheet.paste(pixels.image(x), (left, 0))
        left += x.shape[2] + 4
    sheet.save(options.output)
    print(f"saved {options.output}")


def _open(name: str) -> sa.Model:
    return sa.load(name) if Path(name).exists() else sa.pretrained(name)


def _names(options: argparse.Namespace) -> list[str | None]:
    count = 2 if options.what == "transfer" else 1
    if len(options.images) not in (0, count):
        raise SystemExit(f"{options.what}: got {len(options.images)} images, expected {count}, or none")
    return options.images or [None] * count


def _image(name: str | None, is_style: bool) -> Image.Image:
    """Open an image; without a name, one of scikit-learn's (CC BY 2.0, danielbuechele and vultilion on Flickr)."""
    if name is not None:
        return Image.open(name)
    from sklearn.datasets import load_sample_image

    flower, china = (Image.fromarray(load_sample_image(file)) for file in ("flower.jpg", "china.jpg"))
    return flower.crop((215, 130, 400, 315)) if is_style else china.crop((0, 0, 427, 427))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("texture", "transfer"))
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="texture: STYLE; transfer: CONTENT STYLE")
    parser.add_argument("--model", help="a model's file, or the name of a published one (default: random VGG-16)")
    parser.add_argument("--style", nargs="+", default=STYLE, metavar="LAYER")
    parser.add_argument("--content", default=CONTENT, metavar="LAYER")
    parser.add_argument("--content-weight", type=float, default=0.1, help="beside a weight of 1 of the style")
    parser.add_argument("--start", choices=("content", "noise"), default="content")
    parser.add_argument("--maxima", action="store_true", help="keep the network's max pooling")
    parser.add_argument("--size", type=int, default=128, help="pixels of the shorter side")
    parser.add_argument("--iterations", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("made.png"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
