"""Groups by several axes at once: named by packages and by the network, a few, never all."""
