"""Training on several processes and machines: see docs/distributed.md."""
