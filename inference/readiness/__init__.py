"""Is a site ready for a model: what is proven by Vigil's own rows, and what documents show."""
