"""PyTorch's .pth and .pt: zip files (since torch 1.6) and the legacy stream of pickles; no code of them is run."""

from ...errors import UnsupportedError
from ...files.source import SourceFile
from ..chain import Chain
from ..contents import Contents, Options
from ..names.tensors import chain_by_names
from . import archive, legacy
from .state_dict import find_state_dict
from .weights import only_valid, refuse_lpips

_ZIP, _TAR, _TAR_AT = b"PK\x03\x04", b"ustar", 257


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the headers of a file of PyTorch, and what its pickle says of the tensors.

    Raises
    ------
    ValueError
        It is damaged, or holds no state dict.
    UnsupportedError
        It is a whole module, TorchScript, or a container of before 2017.
    """
    head = file.read(0, min(file.size, _TAR_AT + len(_TAR)))
    if head[_TAR_AT:] == _TAR:
        wanted = "save its state_dict again with a newer PyTorch: torch.save(torch.load(path), new_path)"
        raise UnsupportedError(f"{file} is a tar file, as PyTorch wrote them before 2017: {wanted}")
    reader, kind = (archive, "zip") if head.startswith(_ZIP) else (legacy, "legacy")
    found = find_state_dict(reader.read(file), str(file))

    def chain() -> Chain:
        refuse_lpips(found.tensors, str(file))
        tensors, notes = only_valid(found.tensors)
        made = chain_by_names(tensors, options, str(file))
        made.notes += [*found.notes, *notes]
        return made

    return Contents(f"PyTorch ({kind})", found.tensors, chain)
