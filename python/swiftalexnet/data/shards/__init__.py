"""Shards: tar files of thousands of labelled images each, as the package webdataset writes and reads them."""
