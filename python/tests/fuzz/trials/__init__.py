"""The trials: calls, damaged files, forbidden states, command lines, separate processes."""
