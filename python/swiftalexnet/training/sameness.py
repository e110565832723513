"""What must be the same on all ranks of a run, and the refusal of those that differ, by name."""

import hashlib
import json
import platform
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import _native
from .._support.digests import array_digest, weights_digest
from ..data.array import ArrayDataset
from ..data.checks import source
from ..data.dataset import Dataset
from ..data.identity import data_identity
from ..data.order import evenly_spread
from ..distributed.team import Team
from ..network import parameters
from ..network.base import BaseModel
from .checkpoint import identity, where_they_differ
from .run import Run

_IMAGES = 256  # of a data set that are compared
_START = 1 << 20  # bytes of a checkpoint that are compared: its header has the digests of all tensors


def require_same(team: Team, found: Callable[[], dict[str, Any]]) -> None:
    """Raise ValueError on all ranks if they differ; the message names what, and which ranks."""
    if team.size == 1:
        return
    told = team.agree(found())
    for what in told[0]:
        ranks: dict[str, list[int]] = defaultdict(list)
        for rank, each in enumerate(told):
            ranks[json.dumps(each.get(what), sort_keys=True)].append(rank)
        if len(ranks) > 1:
            (first, some), (other, rest), *_ = ranks.items()
            here, there = where_they_differ(json.loads(first), json.loads(other))
            message = f"{what}: {_short(here)} on {_names(some)}, {_short(there)} on {_names(rest)}"
            raise team.known(ValueError(f"fit: the ranks differ in {message}; expected the same on all"))


def software() -> dict[str, Any]:
    """Return the versions and instructions on which bits depend."""
    import PIL

    engine = _native.runtime_info()
    return {
        "the version of swiftalexnet": engine["version"],
        "the instruction set (SWIFTALEXNET_ISA)": engine["instruction_set"],
        "the matrix multiplication (SWIFTALEXNET_GEMM)": engine["gemm"],
        "the version of Python": ".".join(platform.python_version_tuple()[:2]),
        "the version of numpy": np.__version__,
        "the version of Pillow": PIL.__version__,
    }


def settings(run: Run, checkpoint: str | None) -> dict[str, Any]:
    """Return what defines a run: its identity in a checkpoint, its data and model, and the checkpoint that it has."""
    plan = run.plan
    own = {name: value for name, value in identity(run).items() if name != "file names (SHA-256)"}
    found = {**own, **_data("the training set", plan.train), "the number of epochs": plan.recipe.epochs}
    if plan.validation is not None:
        found |= _data("the validation set", plan.validation)
    model = {"the weights": _weights(run.model), "the preprocessing": _preprocessing(run.model)}
    return found | {"checkpoint": checkpoint} | model


def start(run: Run) -> dict[str, Any]:
    """Return what the first step begins with."""
    return {
        "the weights and velocities": _weights(run.model),
        "the preprocessing": _preprocessing(run.model),
        "the step": run.step,
    }


def beginning(path: Path) -> str:
    """Return the digest of a checkpoint's beginning, "none" if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(_START)).hexdigest()
    except OSError:
        return "none"


def _data(name: str, data: Dataset) -> dict[str, Any]:
    """Return what a data set is, with a sample of pixels, or of files' sizes."""
    known, own = data_identity(data), source(data)
    chosen = evenly_spread(len(data), _IMAGES)
    if isinstance(own, ArrayDataset):
        sample: Any = array_digest(np.ascontiguousarray(own.images[chosen]))
    else:
        paths = getattr(own, "paths", None)
        sample = getattr(own, "bytes_digest", None) if paths is None else [_size(paths[index]) for index in chosen]
    return {
        f"the images of {name}": known["images"],
        f"the classes of {name}": known["classes"],
        f"the labels of {name}": known["labels (SHA-256)"],
        f"the file names of {name}": known["file names (SHA-256)"],
        f"the pixels or sizes of files of {name}": hashlib.sha256(json.dumps(sample).encode()).hexdigest(),
    }


def _size(path: Any) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1


def _weights(model: BaseModel) -> str:
    arrays = {
        f"{which} {name}": array
        for which in (_native.VALUE, _native.VELOCITY)
        for name, array in parameters.by_name(model.network, which).items()
    }
    return weights_digest(arrays)


def _preprocessing(model: BaseModel) -> str:
    preprocessing = model.preprocessing
    arrays = [each for each in (preprocessing.mean, preprocessing.whitening) if each is not None]
    text = json.dumps(preprocessing.to_json(), sort_keys=True, default=str)
    return hashlib.sha256((text + "".join(map(array_digest, arrays))).encode()).hexdigest()


def _names(ranks: list[int]) -> str:
    return f"rank {ranks[0]}" if len(ranks) == 1 else f"ranks {', '.join(map(str, ranks))}"


def _short(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 else text if len(text) < 200 else f"{text[:200]}…"
