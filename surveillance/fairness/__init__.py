"""Whether a version serves every group alike: gaps between groups, and what they are made of."""
