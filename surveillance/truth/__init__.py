"""What later turned out to be so, and who belongs to which group, as a site tells it."""
