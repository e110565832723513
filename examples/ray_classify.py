"""Classify a folder of images with Ray's actors, and write parquet files.

    python examples/ray_classify.py FOLDER --model model.safetensors --out answers --actors 2

Each row of the parquet files has an image's path, its likeliest class and five likeliest, or why it could not be read.
Without `RAY_ADDRESS` Ray is started here, with a processor more than the actors take: reading needs it.
"""

import argparse
import os

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import pyarrow.dataset
import ray
import ray.data

import swiftalexnet as sa

IMAGES = ("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff")


def main() -> None:
    """Classify and write."""
    options = _arguments()
    if os.path.isdir(options.out) and os.listdir(options.out):
        raise SystemExit(f"{options.out} is not empty, and Ray would add its files to those that are there")
    if "RAY_ADDRESS" not in os.environ:
        ray.init("local", num_cpus=options.actors + 1, include_dashboard=False)
    images = ray.data.read_binary_files(options.folder, include_paths=True, file_extensions=[*IMAGES])
    answers = sa.ray.classify(images, options.model, actors=options.actors, batch_size=options.batch_size)
    answers.write_parquet(options.out)

    errors = pyarrow.dataset.dataset(options.out).to_table(columns=["error"]).column("error")
    broken = len(errors) - errors.null_count
    print(f"written to {options.out}: {len(errors)} rows, {broken} of them images that cannot be read")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="images, at any depth")
    parser.add_argument("--model", required=True, help="a model file, or a name of sa.pretrained_models()")
    parser.add_argument("--out", default="answers", help="a folder for parquet files")
    parser.add_argument("--actors", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--batch-size", type=int, default=64, help="images that an actor gets at once")
    return parser.parse_args()


if __name__ == "__main__":
    main()
