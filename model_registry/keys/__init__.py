"""The keys that suppliers sign their packages with, and whether the network trusts them."""
