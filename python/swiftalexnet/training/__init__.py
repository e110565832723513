"""`fit`: runs, learning rates, checkpoints, history."""
