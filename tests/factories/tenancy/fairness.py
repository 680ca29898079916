"""Fairness has no tables of its own: it compares the counts and records of a version."""

from factories.tenancy.claims import Claims

CLAIMS = Claims(
    lists={"GET /api/v1/surveillance/fairness": "version_id={version_id}"},
    supplier_things=frozenset({"GET /models/{model_id}/versions/{version_id}/fairness"}),
)
