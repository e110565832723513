"""A network with its weights, the preprocessing of its images and the names of its classes.

Two doors, never confused. *Images* (`fit`, `predict`, `evaluate`, `features`) are uint8 or files and get the model's
own preprocessing. *Tensors* (`forward`, `backward`, `train_step`) are float32 that has been preprocessed already, NCHW
unless `layout="NHWC"` is said.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .data.dataset import Dataset
from .network import parts
from .network.base import BaseModel
from .network.batch_size import BatchSize
from .network.memory_use import Memory, memory
from .recipes.recipe import Recipe

if TYPE_CHECKING:
    from .evaluation.result import Evaluation
    from .inference.ranking import Predictions
    from .profiling import Profile
    from .training.history import History

Float32 = NDArray[np.float32]


class Model(BaseModel):
    """A network and what belongs to it; made by `alexnet`, `vgg`, `cifar_net`, `load` or `Model.from_spec`.

    Attributes
    ----------
    variant : str or None
        The name it was built by.
    input_shape : (int, int, int)
        Channels, height and width of what it reads.
    num_classes : int
    preprocessing : Preprocessing
        How images become its input; may be replaced.
    classes : tuple of str or None
        Names of its outputs, once it has been trained; may be replaced.
    """

    def memory(self, batch: int, training: bool = False, **arithmetic: Any) -> Memory:
        """Return the bytes that a batch will take, before anything runs: see `swiftalexnet.memory`."""
        return memory(self, batch, training, **arithmetic)

    def profile(self, batch: Any, training: bool = False, **options: Any) -> "Profile":
        """Measure where the time goes, layer by layer: see `swiftalexnet.profiling.profile`."""
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
        """Measure what the model gets wrong: see `swiftalexnet.evaluation.evaluate.evaluate`."""
        from .evaluation.evaluate import evaluate

        return evaluate(self, data, crops, batch_size, progress, dense, scales, **arithmetic)

    def predict(self, images: Any, top: int = 5, crops: int | None = None, **options: Any) -> "Predictions":
        """Classify images: see `swiftalexnet.inference.prediction.predict`."""
        from .inference.prediction import predict

        return predict(self, images, top, crops, **options)

    def probabilities(self, images: Any, crops: int | None = None, **options: Any) -> Float32:
        """Return all probabilities, [count, classes]: see `swiftalexnet.inference.prediction.probabilities`."""
        from .inference.prediction import probabilities

        return probabilities(self, images, crops, **options)

    def score_map(self, image: Any, scale: int | None = None, **options: Any) -> Float32:
        """Return logits at every position of an image: see `swiftalexnet.inference.prediction.score_map`."""
        from .inference.prediction import score_map

        return score_map(self, image, scale, **options)

    def features(self, images: Any, layers: Sequence[str], **options: Any) -> dict[str, Float32]:
        """Return what named layers make of images: see `swiftalexnet.inference.features.features`."""
        from .inference.features import features

        return features(self, images, layers, **options)

    def with_classes(self, num_classes: int, seed: int = 0, initialization: str | None = None) -> "Model":
        """Return a copy for other classes, its last layer new: see `swiftalexnet.network.fine_tuning.with_classes`."""
        from .network.fine_tuning import with_classes

        return with_classes(self, num_classes, seed, initialization)

    # Files and processes

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write weights, specification, factors, preprocessing and class names to a safetensors file, atomically.

        Raises
        ------
        OSError
            With the system's errno; an old file is untouched.
        NonFiniteError
            A weight is infinite or NaN: no such file could be loaded. The message names the parameter; an old file is
            untouched.
        ConcurrentUseError
            Called while this very thread trains the model, as by a signal handler.
        """
        parts.save(self, path)

    def __reduce__(self) -> tuple[Any, ...]:
        with self.network.hold("copy or pickle", False):
            header, tensors = parts.model_to_parts(self)
            copies = {name: np.array(array, order="C") for name, array in tensors.items()}
            return parts.model_from_parts, (type(self), header, copies)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model from its own file or from a training checkpoint.

    Raises
    ------
    OSError
        The file cannot be read.
    CheckpointCorruptError
        It is damaged, or not this package's.
    MemoryError
        The model does not fit into memory.
    """
    return parts.load(Model, path)
