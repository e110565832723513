"""Training: `fit`, runs, learning rates, checkpoints and the history."""
