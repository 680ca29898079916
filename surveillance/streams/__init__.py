"""Daily counts read as streams, each with its verdict."""
