"""How far a stream may move before it is of clinical concern: set by the network, and signed."""
