"""Deliveries: bringing each result to each destination once, or saying plainly that it failed."""
