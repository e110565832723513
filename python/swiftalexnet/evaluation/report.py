"""Output of an evaluation as text, HTML, JSON or a pandas frame."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._support.optional import require
from .._support.tables import html_table, lay_out, printable
from ..images.thumbnails import Thumbnail, with_images
from ..inference.measurements import Measurements, WorstImage, rates

if TYPE_CHECKING:
    from pandas import DataFrame


_CLASSES = 20  # in the text, those with the highest error
_WORST = 5  # images in the text
_TAKEN_FOR = 3  # other classes per row
_TRY = (
    "what to try: the network and recipe of swiftalexnet.suggest for this number of images, more epochs, another "
    "learning rate; and check the labels"
)

_HEAD = ("class", "images", "error %", "taken for")
_WORST_HEAD = ("image", "class", "predicted", "probability %")


def as_text(result: Measurements) -> str:
    """Return error rates, chance, calibration, a table of classes and the worst images."""
    return "\n".join([*map(printable, _lines(result)), "", *_class_lines(result), "", *_worst_lines(result)])


def as_html(result: Measurements) -> str:
    """Return the same as two tables, with all classes and all of the worst images, of which files are shown."""
    rows = [_class_row(result, label) for label in range(len(result.classes))]
    images = [None if each.path is None else Thumbnail("", each.path) for each in result.worst]
    worst = with_images(images, _WORST_HEAD, [_worst_row(result, each) for each in result.worst])
    return html_table(_lines(result), _HEAD, rows) + html_table(["The images with the largest loss"], *worst)


def as_frame(result: Measurements) -> "DataFrame":
    """Return a pandas DataFrame, one row per class."""
    pandas = require("pandas", "frame", "Evaluation.to_frame")
    columns = {
        "label": np.arange(len(result.classes)),
        "class": result.classes,
        "images": result.class_counts,
        "mistakes": result.class_mistakes,
        "error": result.class_errors,
        "taken_for": [taken_for(result, label) for label in range(len(result.classes))],
    }
    frame: DataFrame = pandas.DataFrame(columns)
    return frame


def as_json(result: Measurements) -> dict[str, Any]:
    """Return the result as values for JSON."""
    calibration, confusions = result.calibration, result.confusions
    per_class = zip(result.classes, result.class_counts, result.class_mistakes, result.class_errors, strict=True)
    bins = zip(calibration.edges, *calibration, strict=False)
    return {
        **{name: _number(getattr(result, name)) for name in ("top1_error", "top5_error", "loss", "count", "skipped")},
        "views": str(result.views),
        "chance_error": _number(result.chance_error),
        "commonest_class": result.classes[result.commonest],
        "near_chance": result.near_chance,
        "calibration_error": _number(calibration.error),
        "calibration": [
            {"above": float(edge), "images": int(count), "confidence": _number(confidence), "accuracy": _number(right)}
            for edge, count, confidence, right in bins
        ],
        "classes": [
            {"class": name, "images": int(images), "mistakes": int(mistakes), "error": _number(error)}
            for name, images, mistakes, error in per_class
        ],
        "confusion": np.stack(confusions, axis=1).tolist(),
        "worst": [
            {
                "index": each.index,
                "path": each.path,
                "class": result.classes[each.label],
                "predicted": result.classes[each.predicted],
                "probability": each.probability,
                "loss": each.loss,
            }
            for each in result.worst
        ],
    }


def taken_for(result: Measurements, label: int) -> str:
    """Return the classes that images of a class were most often taken for, with counts: "dress (3), skirt (1)"."""
    labels, predicted, counts = result.confusions
    row = slice(*np.searchsorted(labels, (label, label + 1)))
    others = [(-count, other) for other, count in zip(predicted[row], counts[row], strict=True) if other != label]
    shown = [f"{result.classes[other]} ({-count})" for count, other in sorted(others)[:_TAKEN_FOR]]
    return ", ".join([*shown, "…"] if len(others) > _TAKEN_FOR else shown)


def worst_name(worst: WorstImage) -> str:
    """Return an image's file, or its number."""
    return f"image {worst.index}" if worst.path is None else worst.path


def _lines(result: Measurements) -> list[str]:
    confidence, right = 100 * float(result.confidence.mean(dtype=np.float64)), 100 * (result.labels == result.predicted)
    calibration = f"calibration error {result.calibration.error:.2f} %"
    return [
        rates(result),
        f"views: {result.views}",
        *_chance(result),
        f"{calibration}: the likeliest class has a mean probability of {confidence:.2f} %, "
        f"and is right for {right.mean():.2f} %",
    ]


def _chance(result: Measurements) -> list[str]:
    name = result.classes[result.commonest]
    if not result.chance_error:
        return [f"all images are of the class {name}, so chance cannot be told from skill"]
    chance = f"chance is a top-1 error of {result.chance_error:.2f} %: always answering {name}"
    if not result.near_chance:
        return [chance]
    return [f"NEAR CHANCE: {chance}; two standard errors are {2 * result.chance_deviation:.2f} %", _TRY]


def _class_lines(result: Measurements) -> list[str]:
    order, title = range(len(result.classes)), []
    if len(order) > _CLASSES:
        order = np.argsort(-np.nan_to_num(result.class_errors, nan=-1), kind="stable")[:_CLASSES].tolist()
        title = [f"the {_CLASSES} of {len(result.classes)} classes with the highest error:"]
    table = [_HEAD, *(tuple(map(printable, _class_row(result, label))) for label in order)]
    return [*title, *lay_out(table, left=(0,), last_is_free=True)]


def _class_row(result: Measurements, label: int) -> tuple[str, ...]:
    error = result.class_errors[label]
    shown = "–" if math.isnan(error) else f"{error:.2f}"
    return result.classes[label], str(result.class_counts[label]), shown, taken_for(result, label)


def _worst_lines(result: Measurements) -> list[str]:
    rows = [tuple(map(printable, _worst_row(result, each)))[::-1] for each in result.worst[:_WORST]]
    return ["the images with the largest loss:", *lay_out([_WORST_HEAD[::-1], *rows], left=(1, 2), last_is_free=True)]


def _worst_row(result: Measurements, worst: WorstImage) -> tuple[str, ...]:
    names = result.classes[worst.label], result.classes[worst.predicted]
    return worst_name(worst), *names, f"{100 * worst.probability:.1f}"


def _number(value: float) -> float | None:
    """Return a plain Python number, or None if JSON cannot represent it."""
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if math.isfinite(plain) else None
