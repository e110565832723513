"""The command `swiftalexnet extract`."""

import argparse
import errno
import os
import shlex
from typing import TYPE_CHECKING

import swiftalexnet as sa

from ..inference.feature_target import Target
from ..inference.pooling import POOLS
from ..network.layer_names import node_name
from ..training.checkpoint import FILE_NAME
from .image_files import image_files
from .models import PUBLISHED, open_model
from .options import add_arithmetic, add_force, add_max_errors, add_on_error, add_quiet, arithmetic, batch_size, one_of
from .output import DONE, PARTLY, complain

if TYPE_CHECKING:
    from ..model import Model
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("images", nargs="+", metavar="IMAGES", help="a folder of images, or files and folders")
    parser.add_argument(
        "--model", default=PUBLISHED, metavar="MODEL", help="weights of any format, a run's folder, or the name of some"
    )
    parser.add_argument(
        "--layers",
        nargs="+",
        required=True,
        metavar="LAYER",
        help="as in summary: pool5, relu7; or torchvision's or Keras's names: features.6, block5_pool",
    )
    parser.add_argument(
        "--out",
        default="features",
        metavar="OUT",
        help="a folder, which gets a .npy file a layer, or a .npy or .h5 file",
    )
    parser.add_argument("--resume", action="store_true", help="go on with an extraction that was stopped")
    add_force(parser)
    parser.add_argument(
        "--pool",
        type=one_of("word", POOLS),
        metavar="|".join(POOLS),
        help="reduce maps to their mean, maximum or generalised mean (default: no)",
    )
    parser.add_argument("--flatten", action="store_true", help="write maps as vectors: channels, rows, columns")
    parser.add_argument("--float16", action="store_true", help="round to 16 bits, in half the bytes")
    parser.add_argument("--batch-size", type=batch_size, default=64, metavar="N|auto", help="images at a time")
    add_quiet(parser)
    add_on_error(parser, "raise")
    add_max_errors(parser, "any number with --on-error skip, none otherwise")
    add_arithmetic(parser)


def run(options: argparse.Namespace, output: "Output") -> int:
    """Write the outputs of a network's layers for image files."""
    if not options.resume:
        _refuse_existing(Target(options.out, "extract"), options.force)
    elif options.force:
        raise ValueError("--resume and --force: expected one of them")
    folder = options.images[0] if len(options.images) == 1 and os.path.isdir(options.images[0]) else None
    images = folder or image_files(options.images)
    model = _model(options.model, options.layers)
    try:
        found = model.features(
            images,
            options.layers,
            out=options.out,
            resume=not options.force,
            pool=options.pool,
            flatten=options.flatten,
            dtype="float16" if options.float16 else "float32",
            on_error=options.on_error if options.max_errors is None else "skip",
            max_errors=options.max_errors,
            batch_size=options.batch_size,
            value_range=options.value_range,
            progress=not output.quiet,
            **arithmetic(options),
        )
    except (KeyboardInterrupt, OSError) as error:
        if Target(options.out, "extract").work.exists():
            words = [word for word in options.words if word not in ("--force", "--resume")]
            error.add_note(f"to go on where it ended: swiftalexnet extract {shlex.join(words)} --resume")
        raise
    except ValueError as error:
        if "resume=False" not in str(error):
            raise
        raise ValueError(str(error).replace("resume=False", "--force")) from error
    for name, why in found.skipped.items():
        complain(f"warning: {name}: {why}")
    layers = {name: list(array.shape) for name, array in found.items()}
    sizes = ", ".join(f"{name} {' × '.join(map(str, shape))}" for name, shape in layers.items())
    result = {"out": options.out, "layers": layers, "images": len(found.names), "skipped": found.skipped}
    output.done(result, f"saved {options.out}: {sizes}")
    if found.skipped:
        complain(f"{len(found.skipped)} of {len(found.names) + len(found.skipped)} images could not be read")
    return PARTLY if found.skipped else DONE


def _refuse_existing(target: Target, force: bool) -> None:
    """Raise FileExistsError, with the ways out in its message, if features or a part of them are there."""
    there = [target.work, target.sidecar, *([] if target.is_folder else [target.path])]
    if not force and any(path.exists() for path in there):
        state = "holds an unfinished extraction" if target.work.exists() else "already exists"
        raise FileExistsError(errno.EEXIST, f"{state}; --resume goes on with it, --force replaces it", str(target.path))


def _model(path: str, layers: list[str]) -> "Model":
    """Read the model, of a file only what is up to the last of the layers."""
    checkpoint = os.path.join(path, FILE_NAME)
    file = checkpoint if os.path.isfile(checkpoint) else path
    found = sa.inspect(file) if os.path.isfile(file) else None
    if found is None or found.spec is None:
        return open_model(path)
    nodes = [line.split()[1] for line in found.spec.splitlines()[1:]]
    nodes[0] = "data"
    names = [node_name(found.variant, layer, nodes, "extract") for layer in layers]
    last = max(names, key=nodes.index)
    return sa.load(file, up_to=nodes[1] if last == "data" else last)
