"""CIFAR-10: download its files and read them safely."""
