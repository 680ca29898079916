"""The claims of every noun that keeps them beside its other factories."""

from factories.tenancy import (
    deployments,
    keys,
    local_tests,
    packages,
    plans,
    readiness,
    safety,
    stops,
    submissions,
    versions,
    webhooks,
)
from factories.tenancy.claims import Claims

NOUNS: tuple[Claims, ...] = (
    deployments.CLAIMS,
    keys.CLAIMS,
    local_tests.CLAIMS,
    packages.CLAIMS,
    plans.CLAIMS,
    readiness.CLAIMS,
    safety.CLAIMS,
    stops.CLAIMS,
    submissions.CLAIMS,
    versions.CLAIMS,
    webhooks.CLAIMS,
)
