"""A network with its weights, the preprocessing of its images and the names of its classes.

There are two kinds of input. *Images* (`fit`, `predict`, `evaluate`, `features`) are files or uint8 arrays and go
through the model's preprocessing. *Tensors* (`forward`, `backward`, `train_step`) are float32, already preprocessed,
and NCHW unless `layout="NHWC"` is given.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._support.shown import shown
from .data.dataset import Dataset
from .formats import load as loading
from .formats.pretrained.registry import registry
from .network import parts
from .network.base import BaseModel
from .network.batch_size import BatchSize
from .network.memory_use import Memory, memory
from .recipes.recipe import Recipe

if TYPE_CHECKING:
    from .evaluation.result import Evaluation
    from .inference.feature_results import Features, StoredFeatures
    from .inference.known_answers import Verification
    from .inference.ranking import Predictions
    from .profiling import Profile
    from .training.history import History

Float32 = NDArray[np.float32]


class Model(BaseModel):
    """A network with its preprocessing and classes; made by `alexnet`, `vgg`, `cifar_net`, `load`, `Model.from_spec`.

    Attributes
    ----------
    variant : str or None
        The name it was built from.
    input_shape : (int, int, int)
        Channels, height and width of its input.
    num_classes : int
    preprocessing : Preprocessing
        How images become its input; can be replaced.
    classes : tuple of str or None
        Names of its outputs, once it has been trained; can be replaced.
    source : Source or None
        Where weights that were not trained here come from.
    """

    def memory(self, batch: int, training: bool = False, **arithmetic: Any) -> Memory:
        """Return the memory that a batch will need, in bytes, without running it: see `swiftalexnet.memory`."""
        return memory(self, batch, training, **arithmetic)

    def profile(self, batch: Any, training: bool = False, **options: Any) -> "Profile":
        """Measure the time of each layer: see `swiftalexnet.profiling.profile`."""
        from .profiling import profile

        return profile(self, batch, training, **options)

    # Images

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None = None,
        epochs: int | None = None,
        batch_size: BatchSize | None = None,
        recipe: str | Recipe = "paper",
        **options: Any,
    ) -> "History":
        """Train on labelled images: see `swiftalexnet.training.fit.fit` for all options."""
        from .training.fit import fit

        return fit(self, train, validation, epochs, batch_size, recipe, **options)

    def evaluate(
        self,
        data: Dataset,
        crops: int | None = None,
        batch_size: BatchSize = 64,
        progress: bool = False,
        dense: bool = False,
        scales: Sequence[int] | None = None,
        **arithmetic: Any,
    ) -> "Evaluation":
        """Measure the model's errors on labelled images: see `swiftalexnet.evaluation.evaluate.evaluate`."""
        from .evaluation.evaluate import evaluate

        return evaluate(self, data, crops, batch_size, progress, dense, scales, **arithmetic)

    def predict(self, images: Any, top: int = 5, crops: int | None = None, **options: Any) -> "Predictions":
        """Classify images: see `swiftalexnet.inference.prediction.predict`."""
        from .inference.prediction import predict

        return predict(self, images, top, crops, **options)

    def probabilities(self, images: Any, crops: int | None = None, **options: Any) -> Float32:
        """Return the probability of every class, [count, classes]: see `inference.prediction.probabilities`."""
        from .inference.prediction import probabilities

        return probabilities(self, images, crops, **options)

    def score_map(self, image: Any, scale: int | None = None, **options: Any) -> Float32:
        """Return the logits at every position of an image: see `swiftalexnet.inference.prediction.score_map`."""
        from .inference.prediction import score_map

        return score_map(self, image, scale, **options)

    def features(self, images: Any, layers: Sequence[str], **options: Any) -> "Features | StoredFeatures":
        """Return the outputs of named layers for images, or write them: `swiftalexnet.inference.features.features`."""
        from .inference.features import features

        return features(self, images, layers, **options)

    def quantize(
        self, images: Any, method: str | None = None, percentile: float | None = None, **options: Any
    ) -> "Model":
        """Return a copy that computes in 8 bits, with ranges from images: see `quantization.quantize.quantize`."""
        from .quantization.quantize import quantize

        return quantize(self, images, method, percentile, **options)

    def with_classes(self, num_classes: int, seed: int = 0, initialization: str | None = None) -> "Model":
        """Return a copy with a new last layer for other classes: see `network.fine_tuning.with_classes`."""
        from .network.fine_tuning import with_classes

        return with_classes(self, num_classes, seed, initialization)

    def up_to(self, layer: str) -> "Model":
        """Return a copy that ends with a layer, such as "pool5": see `network.fine_tuning.up_to`."""
        from .network.fine_tuning import up_to

        return up_to(self, layer)

    # Files and processes

    def save(self, path: str | os.PathLike[str], float16: bool = False, known_answers: Any = None) -> None:
        """Write weights, specification, factors, preprocessing and class names to a safetensors file, atomically.

        Parameters
        ----------
        path : path
        float16 : bool
            Round weights to 16 bits, in half the bytes; they are computed with as float32.
        known_answers : True or images, optional
            Store the model's answers to these images, or to a built-in one: `verify` computes them again. By default
            the answers that the model already has are kept.

        Raises
        ------
        OSError
            With the system's errno; an existing file is left untouched.
        NonFiniteError
            A weight is infinite or NaN, and such a file could not be loaded. The message names the parameter; an
            existing file is left untouched.
        ConcurrentUseError
            Called while the same thread is training the model, for example by a signal handler.
        ValueError
            A weight is too large for `float16`; the message names the parameter.
        """
        if known_answers is not None:
            from .inference.known_answers import known_answers as answers

            self.known_answers = answers(self, known_answers)
        parts.save(self, path, float16)

    def export(self, path: str | os.PathLike[str], format: str | None = None, **options: Any) -> None:  # noqa: A002
        """Write the model for ONNX Runtime, torch, Caffe or Keras: see `swiftalexnet.formats.export.export`."""
        from .formats.export import export

        export(self, path, format, **options)

    def verify(self, images: Any = None) -> "Verification":
        """Compute the model's known answers again: see `swiftalexnet.inference.known_answers.verify`."""
        from .inference.known_answers import verify

        return verify(self, images)

    def __reduce__(self) -> tuple[Any, ...]:
        with self.network.hold("copy or pickle", False):
            header, tensors = parts.model_to_parts(self)
            copies = {name: np.array(array, order="C") for name, array in tensors.items()}
            return parts.model_from_parts, (type(self), header, copies)


def load(
    path: str | os.PathLike[str],
    *,
    variant: str | None = None,
    prototxt: str | os.PathLike[str] | None = None,
    mean: Any = None,
    classes: str | os.PathLike[str] | Sequence[str] | None = None,
    strict: bool = True,
    up_to: str | None = None,
) -> Model:
    """Read a model from a file of this package or of another; the format is recognised by content.

    Files of other frameworks become models that read ordinary RGB images: a first convolution that expects blue, green,
    red is turned, its mean with it. No code is run from a file. docs/formats.md lists what is read.

    Parameters
    ----------
    path : path
        A model file or training checkpoint of this package; PyTorch's .pth or .pt, zip or legacy; safetensors with
        torchvision's or timm's names; Caffe's .caffemodel; Keras's .h5, .weights.h5 or .keras; ONNX; MatConvNet's .mat;
        numpy's .npz or .npy; cuda-convnet's pickles.
    variant : str, optional
        The catalogue's name of the network, where the file has only tensors that fit several: "caffe" and "caffenet"
        have the same shapes.
    prototxt : path, optional
        Caffe's description of the network, deploy or train_val.
    mean : array or path, optional
        Mean of the images in the order of the file's own channels, Caffe's blue, green, red: one number a channel, or
        a mean image as array, .binaryproto or .npy.
    classes : sequence of str or path, optional
        Names of the outputs, or a text file with one a line. A network for a thousand classes gets ILSVRC-2012's.
    strict : bool
        Refuse tensors that the network has no place for; otherwise they are named in `model.source.notes`.
    up_to : str, optional
        The last layer to read, such as "pool5": the weights of later ones are not touched. See `Model.up_to`.

    Returns
    -------
    Model
        `source` says where its weights come from, and what reading them assumed.

    Raises
    ------
    OSError
        The file cannot be read.
    CheckpointCorruptError
        It is damaged, or of no format that this package reads.
    UnsupportedError
        It has a node that the engine lacks; the message names it.
    ValueError
        Its tensors fit no network: the message names the nearest variant and the first layer that differs.
    ImportError
        The format needs a library; the message names the extra that installs it.
    MemoryError
        The model does not fit into memory.
    """
    return loading.load(Model, path, variant, prototxt, mean, classes, strict, up_to)


def pretrained(name: str, *, progress: bool = True) -> Model:
    """Return a model with published weights, which reads ordinary RGB images as their publisher prepares them.

    The file is taken where it lies already: in `SWIFTALEXNET_HOME` (by default ~/.cache/swiftalexnet), or where torch
    (`TORCH_HOME`), Keras (`KERAS_HOME`) and Hugging Face (`HF_HOME`) keep theirs. Otherwise it is downloaded into
    `SWIFTALEXNET_HOME`, by https alone, unless `SWIFTALEXNET_OFFLINE` is set; a download that was interrupted goes on
    where it ended. Size and digest are checked at every use.

    Parameters
    ----------
    name : str
        "alexnet-torchvision", "vgg16-keras", "caffenet" …: `pretrained_models` lists them.
    progress : bool
        Show a bar while downloading.

    Returns
    -------
    Model
        `source` names publisher, licence and address.

    Raises
    ------
    ValueError
        An unknown name, or the server has sent another file.
    OSError
        The file could not be downloaded; the message says where to get it and where to put it.
    UnsupportedError
        The file is not here, and its publisher gives no digest or no https address: it is not downloaded.
    CheckpointCorruptError, ImportError, MemoryError
        As for `load`.
    """
    from .formats.pretrained.loading import pretrained as load_published  # slow to import, for the network's sake

    return load_published(Model, name, progress)


def resolve(model: Any, operation: str, up_to: str | None = None) -> Model:
    """Return a model that is given as such, as a file, or by the name of published weights.

    Raises
    ------
    TypeError
        None of these.
    OSError, ValueError, CheckpointCorruptError
        See `load` and `pretrained`.
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, str) and model in registry():
        return pretrained(model, progress=False)
    if isinstance(model, (str, os.PathLike)):
        return load(model, up_to=up_to)
    expected = "a Model, the path of a model file, or a name of pretrained_models()"
    raise TypeError(f"{operation}: model is {shown(model)}, expected {expected}")
