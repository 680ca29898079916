"""Reports that an officer opens: rendered once, kept under their digests."""
