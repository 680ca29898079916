"""The kill switch: stop a site, a model or a supplier at once, and take it back by two people."""
