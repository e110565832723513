"""What every room needs: arguments checked, text shown, threads, progress; it knows nothing of networks."""
