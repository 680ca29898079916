"""Durable work: what is enqueued with a transaction runs to its end, through any crash."""
