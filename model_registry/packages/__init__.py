"""The model package: what a supplier hands over, and how it is read, checked and built."""
