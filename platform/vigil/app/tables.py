"""Every table, so that one metadata knows them all: what `migrations/env.py` imports."""

from inference.associations import models as associations
from inference.decisions import models as decisions
from inference.delivery import models as delivery
from inference.node import models as quarantine
from inference.readiness import models as readiness
from inference.results import models as results
from inference.routing import models as routing
from inference.runs import models as runs
from inference.studies import models as studies
from model_registry.admission import models as admission
from model_registry.deployments import models as deployments
from model_registry.keys import models as keys
from model_registry.nodes import models as nodes
from model_registry.plans import models as plans
from model_registry.safety import models as safety
from model_registry.stops import models as stops
from model_registry.submissions import models as submissions
from model_registry.versions import models as versions
from model_registry.webhooks import models as webhooks
from surveillance.alerts import models as alerts
from surveillance.crosses import models as crosses
from surveillance.declarations import models as declarations
from surveillance.local_tests import models as local_tests
from surveillance.records import models as records
from surveillance.references import models as references
from surveillance.reports import models as reports
from surveillance.simulation import models as simulation
from surveillance.streams import models as streams
from surveillance.tolerances import models as tolerances
from surveillance.truth import models as truth
from transparency_cards.cards import models as cards
from vigil.kernel.audit import models as audit
from vigil.kernel.db import Table
from vigil.kernel.engine import models as engine
from vigil.kernel.identity import models as identity
from vigil.kernel.web import models as web

__all__ = [
    "admission",
    "alerts",
    "associations",
    "audit",
    "cards",
    "crosses",
    "decisions",
    "declarations",
    "delivery",
    "deployments",
    "engine",
    "identity",
    "keys",
    "local_tests",
    "metadata",
    "nodes",
    "plans",
    "quarantine",
    "readiness",
    "records",
    "references",
    "reports",
    "results",
    "routing",
    "runs",
    "safety",
    "simulation",
    "stops",
    "streams",
    "studies",
    "submissions",
    "tolerances",
    "truth",
    "versions",
    "web",
    "webhooks",
]

metadata = Table.metadata
