"""The schemas of a package are the same for everybody, and belong to nobody."""

from factories.tenancy.claims import Claims

CLAIMS = Claims(public=frozenset({"GET /api/v1/schemas", "GET /api/v1/schemas/{name}"}))
