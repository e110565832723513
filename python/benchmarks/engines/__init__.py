"""The engines side by side: a module each, all with the same words.

`Engine(setting, weights)` builds AlexNet `paper` or `owt` from one dictionary of weights.
`tensor(images)` puts float32 [batch, 3, 224, 224] into the order that the engine likes best, outside the timing.
`forward(x)` gives logits as numpy [batch, 1000]. Engines that train also have `gradient(x, labels)`, what the mean loss
without dropout says about conv1's weight, as numpy [out, in, height, width], and `train_step(x, labels)`: forward with
dropout, softmax loss, backward, and SGD with momentum and weight decay.
"""

from typing import NamedTuple

MODULES = {
    "PyTorch NCHW": "pytorch",
    "PyTorch NHWC": "pytorch",
    "TensorFlow": "tensorflow",
    "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino",
    "swiftalexnet": "swiftalexnet",
}
PACKAGES = {  # what each module imports
    "pytorch": ("torch",),
    "tensorflow": ("tensorflow",),
    "onnxruntime": ("onnxruntime", "onnx"),
    "openvino": ("openvino", "onnx"),
    "swiftalexnet": ("swiftalexnet",),
}
TRAINING = ("PyTorch NCHW", "PyTorch NHWC", "TensorFlow", "swiftalexnet")  # the others only run networks

LEARNING_RATE = 1e-4  # small, so that random labels never drive the weights to infinity; the work is the same
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4


class Setting(NamedTuple):
    """What one engine is asked to build."""

    name: str  # a key of MODULES
    variant: str  # "paper" or "owt"
    batch_size: int
    threads: int
