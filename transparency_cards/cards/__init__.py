"""The card of a version: who it is for, what it cannot do, and what is known of it."""
