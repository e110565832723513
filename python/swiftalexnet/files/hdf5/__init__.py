"""HDF5 files, checked before the library reads them."""
