"""Write the small ONNX files that the tests read, with the answers of the networks that they were made of.

PYTHONPATH=python/tests .venv-peers/bin/python python/tests/peers/make_onnx_files.py python/tests/formats/files

The networks are those of the files of PyTorch and Keras. `onnx_answers.npz` has the logits for images that the tests
make themselves, see `make_torch_files.images` and `make_keras_files.images`.
"""

import contextlib
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import onnx
import torch
from peers import make_torch_files

# isort: split
# TensorFlow must come after torchvision: see conftest.py.
import tensorflow as tf
import tf2onnx
import tf_keras
from peers import make_keras_files

VGG_MEAN = np.array([103.939, 116.779, 123.68], np.float32)


def export_torch(
    model: torch.nn.Module, path: Path, dynamo: bool, dynamic: bool = False, opset: int = 17, **options: Any
) -> Path:
    """Write a network of PyTorch with one of its exporters; `dynamic`: for any number of images."""
    image = torch.zeros(2 if dynamic else 1, 3, 224, 224)
    if dynamic and dynamo:
        options["dynamic_shapes"] = ({0: torch.export.Dim("batch", min=1, max=64)},)
    elif dynamic:
        options["dynamic_axes"] = {"images": {0: "batch"}, "logits": {0: "batch"}}
    if dynamo:
        options = {"external_data": False, "verbose": False, **options}
    with warnings.catch_warnings(), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (image,),
            str(path),
            input_names=["images"],
            output_names=["logits"],
            opset_version=opset,
            dynamo=dynamo,
            **options,
        )
    return path


def strip_traces(path: Path) -> None:
    """Take out where in Python each node was made: paths of the machine that wrote the file."""
    model = onnx.load(path)
    for each in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del each.metadata_props[:]
    onnx.save(model, path)


def export_keras(model: Any, path: Path, opset: int = 17, batch: int | None = None) -> Path:
    """Write a network of Keras 2 with tf2onnx."""
    signature = (tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32, name="images"),)
    tf2onnx.convert.from_keras(model, input_signature=signature, opset=opset, output_path=str(path))
    return path


def keras_vgg() -> tuple[Any, np.ndarray]:
    """Return a narrow VGG-16 of Keras and images for it, prepared, in the order blue, green, red."""
    model = make_keras_files.randomized(make_keras_files.vgg(tf_keras), 1)
    return model, (make_keras_files.images((224, 224, 3), 0) - VGG_MEAN) / 100


def main(folder: Path) -> None:
    """Write all files."""
    answers = {}
    images = make_torch_files.images()
    for name in ("alexnet", "vgg11_bn"):
        model = make_torch_files.narrow(name)
        with torch.no_grad():
            answers[name] = model(images).numpy()
        # torch folds the normalisation itself, unless it is told to keep a graph for training.
        kept = torch.onnx.TrainingMode.PRESERVE
        export_torch(model, folder / f"onnx_{name}_script.onnx", False, training=kept, do_constant_folding=False)
        strip_traces(export_torch(model, folder / f"onnx_{name}_dynamo.onnx", True, dynamic=True, opset=21))
    model, pixels = keras_vgg()
    export_keras(model, folder / "onnx_keras_vgg16.onnx")
    answers["keras_vgg16"] = make_keras_files.logits(model, pixels)
    np.savez(folder / "onnx_answers.npz", **answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
