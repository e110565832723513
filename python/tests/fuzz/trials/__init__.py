"""What is tried: calls, damaged files, forbidden states, command lines, processes of their own."""
