"""Valid files of all formats, and damage to them."""
