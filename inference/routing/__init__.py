"""Which studies go to which model, and why, or why not."""
