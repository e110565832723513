"""The wheel's build hook: one extension for every Python from 3.11 on."""

import importlib.util
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SwiftBuildHook(BuildHookInterface):
    """Build `_native` and name the wheel after the platform and the stable ABI."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before the files are gathered; an editable install builds the extension in place, too."""
        spec = importlib.util.spec_from_file_location("build_native", Path(self.root) / "python" / "build_native.py")
        build_native = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build_native)
        build_native.build(Path(self.root))
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"
