"""The command `swiftalexnet explain`."""

import argparse
from typing import TYPE_CHECKING, Any

import swiftalexnet as sa

from .image_files import image_files
from .models import PUBLISHED, add_model_and_names, open_model_and_names
from .options import add_force, add_precision, add_value_range, one_of
from .targets import check_figure

if TYPE_CHECKING:
    from .output import Output

METHODS = (
    *("grad_cam", "grad_cam_pp", "guided_grad_cam", "guided_backpropagation", "deconvnet", "saliency"),
    *("input_x_gradient", "smooth_grad", "integrated_gradients", "occlusion"),
)
_MOST = 64  # images of one figure


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_model_and_names(parser, PUBLISHED)
    parser.add_argument(
        "--method",
        type=one_of("method", METHODS),
        default="grad_cam",
        metavar="NAME",
        help=f"{', '.join(METHODS[:-1])} or {METHODS[-1]}",
    )
    parser.add_argument(
        "--target", metavar="CLASS", help="a class by name or index (default: the likeliest of each image)"
    )
    parser.add_argument(
        "--layer",
        metavar="NAME",
        help="Grad-CAM: the layer with the maps (default: the last convolution's activation); otherwise the layer "
        "whose unit is explained, --target being its channel (default: the classes)",
    )
    parser.add_argument("--output", default="explanation.png", metavar="FILE", help="output file of the figure")
    add_force(parser)
    add_value_range(parser)
    add_precision(parser)


def run(options: argparse.Namespace, output: "Output") -> None:
    """Draw which pixels a model's answers for images rest on."""
    draw = check_figure(options.output, options.force)
    model, names = open_model_and_names(options, PUBLISHED)
    files = image_files(names)
    if len(files) > _MOST:
        raise ValueError(f"{len(files)} images for one figure, expected at most {_MOST}")
    target, how = _target(options.target, model), {"value_range": options.value_range, "precision": options.precision}
    result = getattr(sa.attribution, options.method)(model, files, target, options.layer, **how)
    draw(result.plot())
    explained = zip(files, result.names, map(float, result.scores), strict=True)
    rows = [{"file": file, "target": name, "score": score} for file, name, score in explained]
    lines = [f"{row['file']}: {row['target']} {row['score']:.4g}" for row in rows]
    shown: dict[str, Any] = {"figure": options.output, "method": result.method, "layer": result.layer, "images": rows}
    output.done(shown, "\n".join([*lines, f"saved {options.output}"]))


def _target(text: str | None, model: sa.Model) -> str | int | None:
    """Return a class's name or, if no class has it, its number."""
    is_name = text is None or (model.has_classes and model.classes and text in model.classes)
    return (
        int(text)
        if text is not None and not is_name and text.isdecimal() and text.isascii() and len(text) < 20
        else text
    )
