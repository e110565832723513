"""What this package adds to the .h5 files that it writes, in an attribute that Keras ignores."""

import json
from typing import Any

from ...network.base import BaseModel
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Chain

ATTRIBUTE = "swiftalexnet"


def own_text(model: BaseModel) -> str:
    """Return the attribute's text: classes, and preprocessing unless it is large or for other images."""
    preprocessing = model.preprocessing
    fields: dict[str, Any] = {"channels": "RGB", "classes": model.classes}
    fits = (preprocessing.channels, preprocessing.crop, preprocessing.crop) == model.input_shape
    if fits and preprocessing.mean.ndim == 1 and preprocessing.whitening is None:
        fields |= {"preprocessing": preprocessing.to_json(), "mean": preprocessing.mean.tolist()}
    return json.dumps(fields)


def adopt_own(chain: Chain, text: str) -> None:
    """Give a chain what `own_text` says: it replaces what is assumed of Keras's files.

    Raises
    ------
    TypeError, ValueError
        The text is damaged.
    """
    fields = json.loads(text)
    chain.reads_bgr, chain.preprocessing, chain.notes = False, None, []
    if "preprocessing" in fields:
        chain.preprocessing = Preprocessing.from_json(fields["preprocessing"], fields["mean"])
    if (classes := fields["classes"]) is not None:
        chain.classes = tuple(str(name) for name in classes)
