"""What changed: the likely causes of a signal, ranked, with the cases that show them."""
