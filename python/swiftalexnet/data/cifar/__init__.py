"""CIFAR-10: its files, downloaded and read without trusting them."""
