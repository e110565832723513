"""Images: formats, decoding, resampling, and how an image becomes uint8 [height, width, channels]."""
