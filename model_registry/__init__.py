"""What may run where, on what evidence, and who said so."""
