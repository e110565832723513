"""Write `models/`: model files of small networks, and what Python says of them, for the tests of reading in Swift.

    SWIFTALEXNET_ISA=portable SWIFTALEXNET_GEMM=swift python python/tests/golden/make_model_files.py

Tests/ModelFilesTests and Tests/check_swift_example.sh read the files, and so does test_same_files_as_swift.py.

| file | what |
|---|---|
| `fresh.safetensors` | untrained, without names of classes: Swift writes the same bytes |
| `trained.safetensors` | trained on 60 images, with the mean image of its training set |
| `everything.safetensors` | all that a file may say of a model: whitening, frozen layers, warped images … |
| `checkpoint.safetensors` | a training run |
| `half.safetensors` | the trained network with weights of 16 bits, a known answer, and where it comes from |
| `quantized.safetensors` | the trained network in 8 bits |
| `parts/pool1.safetensors` | its layers up to pool1, without classes, and a known answer |
| `image.rgb` | an image of 18 × 18 pixels, rows of red, green, blue |
| `NAME.txt` | for each class its name, its probability for that image, and the bits of that float32 |
| `descriptions.txt` | networks of the catalogue, and the descriptions that their files hold |
"""

import json
import os
import tempfile
from pathlib import Path

import numpy as np

import swiftalexnet as sa
from swiftalexnet.model import Model
from swiftalexnet.network.parts import model_to_parts
from swiftalexnet.network.source import Source

FOLDER = Path(__file__).parent / "models"
# OpenBLAS would sum in an order of its own.
PORTABLE = {"SWIFTALEXNET_ISA": "portable", "SWIFTALEXNET_GEMM": "swift"}
SIDE = 18  # of images; what a crop of 16 is cut from
CLASSES = ("day", "größe", "\U0001f31a night")
SPEC = """\
network small
data channels=3 height={crop} width={crop}
convolution conv1 outputs=8 kernel=5 stride=1 pad=2,2,2,2 groups=1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=1
relu relu1
response_norm norm1 size=3 alpha=0.00005 beta=0.75 k=1 alpha_over_n=0 groups=1
convolution conv2 outputs=12 kernel=3 stride=1 pad=1,1,1,1 groups=2
relu relu2
locally_connected local3 outputs=4 kernel=3 stride=2 pad=1,1,1,1
relu relu3
dense fc4 outputs=10
relu relu4
dropout drop4 probability=0.5 form=inverted
dense fc5 outputs=3
softmax prob
"""
VARIANTS = (("cifar", "80sec", None), ("alexnet", "owt", 64), ("alexnet", "caffe", 64))


def images(count: int) -> np.ndarray:
    """Return images [count, 18, 18, 3] of three brightnesses with noise."""
    noise = np.random.default_rng(7).integers(0, 90, (count, SIDE, SIDE, 3))
    return (noise + 80 * (np.arange(count) % 3)[:, None, None, None]).astype(np.uint8)


def network(crop: int = 16) -> Model:
    """Return an untrained network of `SPEC`."""
    return Model.from_spec(SPEC.format(crop=crop), "torchvision", seed=3)


def trained(**options) -> Model:
    """Return the network after a few steps."""
    model, count = network(), 60
    data = sa.ArrayDataset(images(count), np.arange(count) % 3, CLASSES)
    recipe = sa.recipe("small", batch_size=20)
    model.fit(data, recipe=recipe, epochs=6, seed=1, progress=False, **options)
    return model


def everything() -> Model:
    """Return a model whose file holds all that one may hold."""
    model, rng = network(crop=6), np.random.default_rng(5)
    model.classes = CLASSES
    model.set_multipliers(["conv1"], learning_rate=0.1, weight_decay=0)
    matrix = np.eye(6 * 6 * 3)[:, ::-1] + rng.normal(0, 0.01, (108, 108))
    model.preprocessing = sa.Preprocessing(
        resize=SIDE,
        crop=6,
        mean=rng.uniform(100, 140, (SIDE, SIDE, 3)).astype(np.float32),
        scale=np.array([0.01, 1 / 58.395, 0.02], np.float32),
        resample="opencv_bilinear",
        learn_mean="pixel",
        warp=True,
        whitening=matrix.astype(np.float32),
        learn_whitening=1e-5,
        mean_at="crop",
    )
    return model


def predictions(model: Model, pixels: np.ndarray) -> str:
    """Return a line for each class: name, probability, bits."""
    probabilities = model.probabilities(pixels)[0]
    names = model.classes or [str(index) for index in range(len(probabilities))]
    bits = probabilities.view(np.uint32)
    return "".join(f"{name} {p!s} {b:08x}\n" for name, p, b in zip(names, probabilities, bits, strict=True))


def description(family: str, variant: str, size: int | None) -> str:
    """Return what the file of an untrained network of the catalogue says of it, but for the version."""
    build = {"alexnet": sa.alexnet, "cifar": sa.cifar_net}[family]
    model = build(variant, 2, image_size=size)
    model.classes = ("no", "yes")
    header, _ = model_to_parts(model)
    return f"{family} {variant} {model.input_shape[1]} {json.dumps(header | {'version': ''})}\n"


def main() -> None:
    """Write all files."""
    assert all(os.environ.get(name) == value for name, value in PORTABLE.items()), f"set {PORTABLE}"
    (FOLDER / "parts").mkdir(parents=True, exist_ok=True)
    network().save(FOLDER / "fresh.safetensors")
    everything().save(FOLDER / "everything.safetensors")
    with tempfile.TemporaryDirectory() as run:
        model = trained(checkpoint=run)
        Path(run, "checkpoint.safetensors").replace(FOLDER / "checkpoint.safetensors")
    model.save(FOLDER / "trained.safetensors")
    model.quantize(images(60)).save(FOLDER / "quantized.safetensors")
    model.source = Source("PyTorch (zip)", "größe.pth", "0" * 64, licence="CC0", notes=("one note", "another"))
    model.up_to("pool1").save(FOLDER / "parts" / "pool1.safetensors", known_answers=True)
    model.save(FOLDER / "half.safetensors", float16=True, known_answers=True)
    pixels = images(5)[4]
    (FOLDER / "image.rgb").write_bytes(pixels.tobytes())
    for file in FOLDER.glob("*.safetensors"):
        file.with_suffix(".txt").write_text(predictions(sa.load(file), pixels), encoding="utf-8")
    text = "".join(description(*variant) for variant in VARIANTS)
    (FOLDER / "descriptions.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
