"""All models at a glance, how each stands where, and how it came to that."""
