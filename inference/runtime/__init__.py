"""Models in child processes: data that runs under limits, and numbers that come back."""
