"""Images: formats, decoding, resampling, and conversion to uint8 [height, width, channels]."""
