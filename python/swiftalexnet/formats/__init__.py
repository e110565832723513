"""Weights from elsewhere: a file or folder a format, and what all formats share."""
