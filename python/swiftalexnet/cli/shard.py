"""The command `swiftalexnet shard`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from ..data.shards.writing import ORDERS
from ..images.geometry import RESAMPLERS
from .options import add_max_errors, add_quiet, count, one_of, real, seed, side, whole
from .output import DONE, PARTLY, complain

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="FOLDER/<class>/…, parquet files with columns image and label or a folder of them, "
        "ILSVRC2012_img_train.tar or ILSVRC2012_img_val.tar",
    )
    parser.add_argument("out", metavar="OUT", help="a folder for the shards, their index and the names of the classes")
    parser.add_argument("--name", default="train", metavar="NAME", help="how the shards' names begin")
    parser.add_argument(
        "--images-per-shard",
        type=count,
        metavar="N",
        help="images of a shard (default: 10000, or any number with --megabytes)",
    )
    parser.add_argument(
        "--megabytes",
        type=real(0, 1e9, open_below=True),
        metavar="N",
        help="most million bytes of a shard (default: any)",
    )
    parser.add_argument(
        "--order",
        type=one_of("order", ORDERS),
        metavar="|".join(ORDERS),
        help="of the images (default: shuffled; of parquet stored)",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the shuffled order")
    parser.add_argument(
        "--resize", type=side, metavar="N", help="reduce the shorter side to N pixels (default: keep the files' bytes)"
    )
    parser.add_argument("--quality", type=whole(1, 95), default=95, metavar="N", help="of the JPEGs of reduced images")
    parser.add_argument(
        "--resample",
        type=one_of("word", RESAMPLERS),
        default="area",
        metavar="|".join(RESAMPLERS),
        help="how images are reduced",
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="of ILSVRC2012_img_val.tar: ILSVRC2012_devkit_t12.tar.gz (default: none)"
    )
    parser.add_argument(
        "--on-error",
        type=one_of("word", ("raise", "skip")),
        default="raise",
        metavar="raise|skip",
        help="an image that cannot be read stops the command, or is left out",
    )
    add_max_errors(parser, "any number with --on-error skip, none otherwise")
    parser.add_argument("--force", action="store_true", help="replace shards of this name from other images or options")
    add_quiet(parser)


def run(options: argparse.Namespace, output: "Output") -> int:
    """Write images into tar files of thousands each; the same command goes on after an interruption."""
    try:
        written = sa.write_shards(
            options.sources[0] if len(options.sources) == 1 else options.sources,
            options.out,
            options.name,
            images_per_shard=options.images_per_shard,
            megabytes=options.megabytes,
            order=options.order,
            seed=options.seed,
            resize=options.resize,
            quality=options.quality,
            resample=options.resample,
            labels=options.labels,
            on_error=options.on_error if options.max_errors is None else "skip",
            max_errors=options.max_errors,
            overwrite=options.force,
            progress=not output.quiet,
        )
    except FileExistsError as error:
        error.strerror = str(error.strerror).replace("overwrite=True", "--force")
        raise
    for name, why in written.left_out.items():
        complain(f"warning: {name}: {why}")
    result = {
        "pattern": written.pattern,
        "shards": len(written.shards),
        "images": written.images,
        "left_out": written.left_out,
    }
    output.done(result, f"{written.pattern}: {written.images:,} images")
    return PARTLY if written.left_out else DONE
