"""What a file is, by its first bytes and never by its name."""

from ..errors import CheckpointCorruptError
from ..files.safetensors_header import HEADER_LIMIT
from ..files.source import SourceFile
from ..files.zip_members import members_of

_HDF5 = b"\x89HDF\r\n\x1a\n"
_TORCH_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled number of 80 bits, PyTorch's own
_PICKLES = (b"(d", b"(l", b"(i", b"c", b"}", b"]")  # as protocols 0 and 1 begin, and no message of Caffe or ONNX
_TAR, _TAR_AT = b"ustar", 257  # PyTorch's files of before 2017
_MATLAB_BLOCK = 512  # bytes that MATLAB's 7.3 files have before HDF5
_HEAD = 1024
_NO_WEIGHTS = (  # what is handed over instead of weights, and how to get them
    (b"version https://git-lfs", "a pointer of Git LFS: `git lfs pull` puts the weights in its place"),
    (b"<", "a page of the web or XML: the address that it comes from did not give the weights"),
    (b"name:", "perhaps a .prototxt: load its .caffemodel with prototxt="),
    (b"input:", "perhaps a .prototxt: load its .caffemodel with prototxt="),
    (b"layer", "perhaps a .prototxt: load its .caffemodel with prototxt="),
)
_ONNX_GRAPH, _CAFFE_LAYERS = 7, (2, 100)  # fields of ModelProto and NetParameter
_MESSAGE = 2  # wire type
_MOST_FIELDS = 4096  # of a protocol buffer, looked at

READERS = {
    "swiftalexnet": "this package's own files",
    "safetensors": "safetensors of other packages",
    "torch": "PyTorch's .pth and .pt, zip and legacy",
    "caffe": "Caffe's .caffemodel",
    "keras": "Keras's .h5, .weights.h5 and .keras",
    "onnx": "ONNX",
    "matconvnet": "MatConvNet's .mat",
    "numpy": "numpy's .npz and .npy",
    "cuda_convnet": "pickles of cuda-convnet",
}


def recognize(file: SourceFile) -> str:
    """Return the name of the reader for a file, one of `READERS`.

    Raises
    ------
    CheckpointCorruptError
        It is none of them.
    """
    head = file.read(0, min(file.size, _HEAD))
    if file.size > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= file.size - 8:
        return "swiftalexnet" if b"swiftalexnet.format" in _start(file, head) else "safetensors"
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(file)
    if head.startswith((b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file")):
        return "matconvnet"
    if head.startswith(_HDF5) or head[_MATLAB_BLOCK:].startswith(_HDF5):
        return "keras"
    if head.startswith(b"\x93NUMPY"):
        return "numpy"
    if head.startswith(_TORCH_LEGACY) or head[_TAR_AT:].startswith(_TAR):
        return "torch"
    if head[:1] == b"\x80" or head.startswith(_PICKLES):
        return "cuda_convnet"
    fields = _protobuf_fields(file)
    if fields.get(_ONNX_GRAPH) == _MESSAGE:
        return "onnx"
    if any(fields.get(number) == _MESSAGE for number in _CAFFE_LAYERS):
        return "caffe"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    hint = next((f". It is {what}" for start, what in _NO_WEIGHTS if text.startswith(start)), "")
    raise CheckpointCorruptError(
        f"{file} is none of the formats that this package reads: {', '.join(READERS.values())}{hint}"
    )


def _start(file: SourceFile, head: bytes) -> bytes:
    """Return the header of a safetensors file, as far as ours may reach."""
    return file.read(8, min(int.from_bytes(head[:8], "little"), HEADER_LIMIT))


def _zip_kind(file: SourceFile) -> str:
    names = members_of(file)
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "torch"
    if "config.json" in names and any(name.endswith(".h5") for name in names):
        return "keras"
    if names and all(name.endswith(".npy") for name in names):
        return "numpy"
    raise CheckpointCorruptError(
        f"{file} is a zip file of neither PyTorch, Keras nor numpy: it has {', '.join(list(names)[:5])} …"
    )


def _protobuf_fields(file: SourceFile) -> dict[int, int]:
    """Return the wire types of the outermost fields of a protocol buffer; empty unless it is one to its end."""
    fields: dict[int, int] = {}
    at = 0
    for _ in range(_MOST_FIELDS):
        if at == file.size:
            return fields
        key, at = _varint(file, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            _, at = _varint(file, at)
        elif wire == 2:
            length, at = _varint(file, at)
            at += length
        else:
            at += {1: 8, 5: 4}.get(wire, file.size + 1)
        if number == 0 or key < 0 or at > file.size:
            return {}
        fields.setdefault(number, wire)
    return fields


def _varint(file: SourceFile, at: int) -> tuple[int, int]:
    """Return the number at a place and the place after it; -1 if there is none."""
    value = 0
    for place, byte in enumerate(file.read(at, min(10, file.size - at)) if at < file.size else b""):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return -1, file.size + 1
