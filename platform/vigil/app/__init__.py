"""The composition root: the only place that knows every domain. Imported by nobody."""
