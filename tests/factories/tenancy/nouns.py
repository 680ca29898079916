"""The claims of every noun that keeps them beside its other factories."""

from factories.tenancy import (
    causes,
    declarations,
    deployments,
    fairness,
    keys,
    local_tests,
    packages,
    plans,
    readiness,
    reports,
    safety,
    simulation,
    stops,
    submissions,
    tolerances,
    truth,
    versions,
    webhooks,
)
from factories.tenancy.claims import Claims

NOUNS: tuple[Claims, ...] = (
    causes.CLAIMS,
    declarations.CLAIMS,
    deployments.CLAIMS,
    fairness.CLAIMS,
    keys.CLAIMS,
    local_tests.CLAIMS,
    packages.CLAIMS,
    plans.CLAIMS,
    readiness.CLAIMS,
    reports.CLAIMS,
    safety.CLAIMS,
    simulation.CLAIMS,
    stops.CLAIMS,
    submissions.CLAIMS,
    tolerances.CLAIMS,
    truth.CLAIMS,
    versions.CLAIMS,
    webhooks.CLAIMS,
)
