"""Networks from tensors alone: whose names they have."""
