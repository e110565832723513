"""Train on images and show the result: `make demo`, or `python examples/demo.py [--data FOLDER]`.

Without a folder: the 1,797 scanned digits of scikit-learn, enlarged to what the network of the 2012 paper reads; a
fifth is held out. With a folder: your own photographs, in `FOLDER/<class>/…` (a fifth is held out by file name) or in
`FOLDER/train/<class>/…` and `FOLDER/validation/<class>/…`; network and recipe are what `swiftalexnet.suggest` says.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import swiftalexnet as sa
from swiftalexnet.plots import fair_sample, plot_kernels, plot_predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HELD_OUT = 0.2


def main() -> None:
    """Train, measure, and write model, history and figures."""
    options = _arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    model, train, held_out, recipe = digits(options) if options.data is None else photographs(options)
    print(f"{model!r} on {len(train)} images, {len(held_out)} held out\n{recipe}\n")
    started = time.perf_counter()
    history = model.fit(train, held_out, recipe=recipe, seed=options.seed)
    seconds = time.perf_counter() - started
    evaluation = model.evaluate(held_out)
    write_results(options.output, model, history, held_out, evaluation)
    print(f"\ntrained in {seconds:.0f} s on {sa.get_num_threads()} threads ({sa.info()['instruction_set']})")
    if recipe.flip:  # half of the ten crops are mirror images
        print(f"held out, ten crops:   {model.evaluate(held_out, crops=10)!r}")
    print(f"held out, centre crop: {evaluation}")
    names = ", ".join(sorted(path.name for path in options.output.iterdir()))
    print(f"written to {options.output}/: {names}")


def digits(options: argparse.Namespace) -> tuple[sa.Model, sa.ArrayDataset, sa.ArrayDataset, sa.Recipe]:
    """Scanned digits, grey, 8 × 8 pixels each, enlarged; the paper's network at 64 × 64 pixels."""
    from sklearn.datasets import load_digits

    model = sa.alexnet("paper", 10, in_channels=1, image_size=options.size or 64, initialization="torchvision")
    # As small as the paper's own, so that what is learnt shows in the kernels; the other layers start as PyTorch's.
    model.parameters()["conv1.weight"][...] *= 0.2
    scans = load_digits()
    framed = np.pad((scans.images * (255 / 16)).round().astype(np.uint8), ((0, 0), (1, 1), (1, 1)))
    images = enlarge(framed, model.preprocessing.resize)
    order = np.random.default_rng(options.seed).permutation(len(images))
    parts = np.split(order, [round(len(order) * HELD_OUT)])
    classes = [str(digit) for digit in scans.target_names]
    held_out, train = (sa.ArrayDataset(images[part], scans.target[part], classes) for part in parts)
    epochs = options.epochs or 10
    recipe = sa.recipe(
        "paper",
        epochs=epochs,
        batch_size=32,
        learning_rate=0.02,
        flip=False,  # a mirrored digit is another sign
        schedule=sa.EpochSchedule([max(1, round(0.8 * epochs))]),
        source="the paper's, for few small images: smaller batches, a higher rate, no mirror images",
    )
    return model, train, held_out, recipe


def photographs(options: argparse.Namespace) -> tuple[sa.Model, sa.ImageFolder, sa.ImageFolder, sa.Recipe]:
    """The user's photographs, with the network and recipe suggested for their number."""
    if (options.data / "train").is_dir() and (options.data / "validation").is_dir():
        train = sa.ImageFolder(options.data / "train", on_error="skip", cache=True)
        held_out = sa.ImageFolder(options.data / "validation", train.classes, on_error="skip", cache=True)
    else:
        train, held_out = sa.ImageFolder(options.data, on_error="skip", cache=True).split(round(1 / HELD_OUT))
    suggestion = sa.suggest(train, options.size, options.epochs)
    return suggestion.build(len(train.classes), seed=options.seed), train, held_out, suggestion.recipe


def enlarge(images: np.ndarray, side: int) -> np.ndarray:
    """Enlarge grey images, uint8 [count, height, width], to `side` pixels."""
    bicubic = Image.Resampling.BICUBIC
    return np.stack([np.asarray(Image.fromarray(image).resize((side, side), bicubic)) for image in images])


def write_results(
    folder: Path, model: sa.Model, history: sa.History, held_out: sa.Dataset, evaluation: sa.Evaluation
) -> None:
    """Write model.safetensors, history.csv and five figures."""
    model.save(folder / "model.safetensors")
    history.to_csv(folder / "history.csv")
    history.plot().savefig(folder / "learning_curves.png")
    plot_kernels(model).savefig(folder / "conv1_kernels.png")
    evaluation.plot().savefig(folder / "confusion.png")
    evaluation.plot_worst(held_out).savefig(folder / "worst.png")
    plot_sample(model, held_out, evaluation).savefig(folder / "predictions.png")


def plot_sample(model: sa.Model, data: sa.Dataset, evaluation: sa.Evaluation, seed: int = 0) -> "Figure":
    """Draw predictions for a representative sample: right and wrong in proportion, all classes, at most 36 images."""
    places = fair_sample(evaluation, min(max(12, model.num_classes), 36), seed)
    images = np.stack([data.image(int(index), model.preprocessing.geometry) for index in evaluation.indices[places]])
    labels = evaluation.labels[places]
    wrong = int((labels != evaluation.predicted[places]).sum())
    wrong_of_all = int((evaluation.labels != evaluation.predicted).sum())
    title = (
        f"{len(places)} of {evaluation.count} held-out images, a fair sample drawn with seed {seed}: "
        f"{wrong} wrong here, {wrong_of_all} ({100 * wrong_of_all / evaluation.count:.1f} %) of all"
    )
    return plot_predictions(model, images, labels, title=title)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="your photographs (default: scanned digits)")
    parser.add_argument("--output", type=Path, default=Path("demo"), metavar="FOLDER")
    parser.add_argument("--epochs", type=int, help="default: digits 10, photographs by their number")
    sizes = "side of the network's input in pixels (default: digits 64, photographs by their number)"
    parser.add_argument("--size", type=int, help=sizes)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
