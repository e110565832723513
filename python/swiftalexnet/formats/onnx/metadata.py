"""What our own exports say of a model besides its graph, as properties of the ONNX model."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._support.json import parse
from ...preprocessing.preprocessing import Preprocessing
from ..chain import Chain
from ..stored import Stored
