"""The engines side by side: a module each, all with the same words.

`Engine(setting, weights)` builds a network of `nets` from one dictionary of weights.
`tensor(images)` puts float32 [batch, 3, 224, 224] into the order and precision that the engine likes best, outside the
timing. `forward(x)` gives logits as numpy float32 [batch, 1000]. Engines that train also have `gradient(x, labels)`,
what the mean loss without dropout says about the first convolution's weight, as numpy float32 [out, in, height, width],
and `train_step(x, labels)`: forward with dropout, softmax loss, backward, and SGD with momentum and weight decay.
Engines in int8 quantise the same weights themselves, by the images of `calibration`.
`UnavailableError` says that the machine has no instructions for what was asked.
"""

from typing import NamedTuple

OURS = "swiftalexnet"
PACKAGES = {  # what each module imports
    "pytorch": ("torch",),
    "tensorflow": ("tensorflow",),
    "onnxruntime": ("onnxruntime", "onnx"),
    "openvino": ("openvino", "onnx"),
    "opencv": ("cv2", "onnx"),
    OURS: (OURS,),
}
TRAINING = ("pytorch", "tensorflow", OURS)  # the others only run networks
WINOGRAD = "Winograd"  # the form of a peer that multiplies less than a direct sum does

LEARNING_RATE = 1e-4  # small, so that random labels never drive the weights to infinity; the work is the same
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


class Contender(NamedTuple):
    """An engine, and how it is asked to compute."""

    name: str
    column: str  # of the table; it shows the quickest of the contenders that share it
    module: str
    precision: str = "float32"
    form: str = ""  # what else the module wants to know


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("PyTorch NCHW", "PyTorch float32", "pytorch", form="NCHW"),
        Contender("PyTorch NHWC", "PyTorch float32", "pytorch", form="NHWC"),
        Contender("PyTorch NCHW bfloat16", "PyTorch bfloat16", "pytorch", "bfloat16", "NCHW"),
        Contender("PyTorch NHWC bfloat16", "PyTorch bfloat16", "pytorch", "bfloat16", "NHWC"),
        Contender("PyTorch NCHW autocast", "PyTorch bfloat16", "pytorch", "bfloat16", "NCHW autocast"),
        Contender("PyTorch NHWC autocast", "PyTorch bfloat16", "pytorch", "bfloat16", "NHWC autocast"),
        Contender("TensorFlow", "TensorFlow float32", "tensorflow"),
        Contender("TensorFlow bfloat16", "TensorFlow bfloat16", "tensorflow", "bfloat16"),
        Contender("ONNX Runtime", "ONNX Runtime float32", "onnxruntime"),
        Contender("OpenVINO", "OpenVINO float32", "openvino"),
        Contender("OpenVINO bfloat16", "OpenVINO bfloat16", "openvino", "bfloat16"),
        Contender("OpenCV", "OpenCV float32", "opencv", form=WINOGRAD),
        Contender("PyTorch NCHW int8", "PyTorch int8", "pytorch", "int8", "NCHW"),
        Contender("PyTorch NHWC int8", "PyTorch int8", "pytorch", "int8", "NHWC"),
        Contender("ONNX Runtime int8", "ONNX Runtime int8", "onnxruntime", "int8"),
        Contender("OpenVINO int8", "OpenVINO int8", "openvino", "int8"),
        Contender("OpenVINO int8 in bfloat16", "OpenVINO int8", "openvino", "int8", "bfloat16"),
        Contender("swiftalexnet float32", OURS, OURS),
        Contender("swiftalexnet fast_math", OURS, OURS, form="fast_math"),
        Contender("swiftalexnet int8 weights", OURS, OURS, form="int8 weights"),
        Contender("swiftalexnet bfloat16", OURS, OURS, "bfloat16"),
        Contender("swiftalexnet bfloat16 int8 weights", OURS, OURS, "bfloat16", "int8 weights"),
        Contender("swiftalexnet int8", OURS, OURS, "int8"),
    )
}


class Setting(NamedTuple):
    """What one engine is asked to build."""

    contender: Contender
    variant: str  # a key of nets.NETS
    batch_size: int
    threads: int


class UnavailableError(Exception):
    """The engine says that it cannot compute so on this machine."""
