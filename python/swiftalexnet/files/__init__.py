"""Files: paths, atomic writing, and the package's own safetensors files."""
