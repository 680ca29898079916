"""The claims of every noun that keeps them beside its other factories."""

from factories.tenancy.claims import Claims

NOUNS: tuple[Claims, ...] = ()
