"""Performance guessed from scores alone: shown beside its blind spot, never acted on."""
