"""The composition root: the only place that knows every domain. Imported by nobody."""

import gc

# A process starts by making some hundred thousand objects that it keeps: with the default of 700
# it would look through them for garbage again and again, for a sixth of the time that it takes.
gc.set_threshold(50_000, 10, 10)
