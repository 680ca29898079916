"""The web process: every domain's API and pages on one application."""

import gc

import uvicorn
from fastapi import FastAPI

from inference.decisions import api as decisions_api
from inference.decisions import pages as decisions_pages
from inference.delivery import api as delivery_api
from inference.readiness import api as readiness_api
from inference.readiness import pages as readiness_pages
from inference.routing import api as routing_api
from inference.runs import api as runs_api
from inference.runs import pages as runs_pages
from inference.studies import api as studies_api
from model_registry.admission import api as admission_api
from model_registry.approvals import api as approvals_api
from model_registry.catalogue import api as catalogue_api
from model_registry.deployments import api as deployments_api
from model_registry.deployments import gates_api
from model_registry.keys import api as keys_api
from model_registry.keys import pages as keys_pages
from model_registry.nodes import api as nodes_api
from model_registry.packages import api as packages_api
from model_registry.plans import api as plans_api
from model_registry.plans import pages as plans_pages
from model_registry.safety import api as safety_api
from model_registry.safety import pages as safety_pages
from model_registry.stops import api as stops_api
from model_registry.stops import pages as stops_pages
from model_registry.submissions import api as submissions_api
from model_registry.submissions import pages as submissions_pages
from model_registry.submissions import task_pages as submission_task_pages
from model_registry.submissions import upload_api
from model_registry.versions import api as versions_api
from model_registry.webhooks import api as webhooks_api
from model_registry.webhooks import pages as webhooks_pages
from surveillance.alerts import api as alerts_api
from surveillance.alerts import pages as alerts_pages
from surveillance.causes import api as causes_api
from surveillance.crosses import api as crosses_api
from surveillance.declarations import api as declarations_api
from surveillance.fairness import api as fairness_api
from surveillance.fairness import pages as fairness_pages
from surveillance.label_free import api as label_free_api
from surveillance.label_free import pages as label_free_pages
from surveillance.local_tests import api as local_tests_api
from surveillance.local_tests import pages as local_tests_pages
from surveillance.local_tests import plan_pages as local_test_plan_pages
from surveillance.records import api as records_api
from surveillance.reports import api as reports_api
from surveillance.reports import pages as reports_pages
from surveillance.reports import schedules_api
from surveillance.simulation import api as simulation_api
from surveillance.simulation import pages as simulation_pages
from surveillance.streams import api as streams_api
from surveillance.streams import pages as streams_pages
from surveillance.tolerances import api as tolerances_api
from surveillance.truth import api as truth_api
from transparency_cards.cards import api as cards_api
from transparency_cards.cards import pages as cards_pages
from vigil.app import lineage
from vigil.app.counts import StateCollector
from vigil.app.pages import (
    compare,
    deployment,
    deployments,
    history,
    models,
    overview,
    reviews,
    studies,
    versions,
)
from vigil.app.settings import Settings, read
from vigil.app.wiring import GATES, VERSION_GATES, build_parts
from vigil.kernel.audit import api as audit_api
from vigil.kernel.audit import pages as audit_pages
from vigil.kernel.identity import api as identity_api
from vigil.kernel.identity import pages as identity_pages
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import configure_logging
from vigil.kernel.web.app import create_base
from vigil.kernel.web.navigation import Link

ROUTERS = (
    overview.router,
    identity_api.router,
    identity_pages.router,
    audit_api.router,
    audit_pages.router,
    nodes_api.router,
    packages_api.router,
    keys_api.router,
    admission_api.router,
    keys_pages.router,
    catalogue_api.router,
    submissions_api.router,
    submissions_pages.router,
    submission_task_pages.router,
    upload_api.router,
    versions_api.router,
    approvals_api.router,
    lineage.router,
    models.router,
    versions.router,
    compare.router,
    history.router,
    safety_api.router,
    safety_pages.router,
    plans_api.router,
    plans_pages.router,
    gates_api.router,
    deployments_api.router,
    deployments.router,
    deployment.router,
    reviews.router,
    stops_api.router,
    stops_pages.router,
    readiness_api.router,
    readiness_pages.router,
    webhooks_api.router,
    webhooks_pages.router,
    studies_api.router,
    studies.router,
    routing_api.router,
    runs_api.router,
    runs_pages.router,
    delivery_api.router,
    decisions_api.router,
    decisions_pages.router,
    fairness_api.router,
    fairness_pages.router,
    local_tests_api.router,
    local_test_plan_pages.router,
    local_tests_pages.router,
    records_api.router,
    truth_api.router,
    streams_api.router,
    streams_pages.router,
    tolerances_api.router,
    crosses_api.router,
    declarations_api.router,
    alerts_api.router,
    alerts_pages.router,
    causes_api.router,
    reports_api.router,
    reports_pages.router,
    simulation_api.router,
    simulation_pages.router,
    schedules_api.router,
    label_free_api.router,
    label_free_pages.router,
    cards_api.router,
    cards_pages.router,
)
TEMPLATES = {
    "submissions": "model_registry.submissions",
    "app": "vigil.app",
    "audit": "vigil.kernel.audit",
    "keys": "model_registry.keys",
    "plans": "model_registry.plans",
    "safety": "model_registry.safety",
    "stops": "model_registry.stops",
    "webhooks": "model_registry.webhooks",
    "readiness": "inference.readiness",
    "runs": "inference.runs",
    "decisions": "inference.decisions",
    "streams": "surveillance.streams",
    "alerts": "surveillance.alerts",
    "reports": "surveillance.reports",
    "simulation": "surveillance.simulation",
    "label_free": "surveillance.label_free",
    "fairness": "surveillance.fairness",
    "local_tests": "surveillance.local_tests",
    "cards": "transparency_cards.cards",
}
NAVIGATION = (
    Link("Overview", "/", Permission.REGISTRY_READ),
    Link(
        "Models",
        "/models",
        Permission.REGISTRY_READ,
        within=(
            Link("Submissions", "/submissions", Permission.SUBMISSION_READ),
            Link("Safety", "/safety", Permission.REGISTRY_READ),
            # The two who have to do with keys; hardly anybody is both.
            Link("Signing keys", "/supplier-keys", Permission.SUPPLIER_KEY_WRITE),
            Link("Signing keys", "/supplier-keys", Permission.SUPPLIER_KEY_TRUST),
            Link("Register", "/register"),
        ),
    ),
    Link(
        "Deployments",
        "/deployments",
        Permission.REGISTRY_READ,
        within=(
            Link("Reviews", "/reviews", Permission.DEPLOYMENT_APPROVE),
            Link("Acceptance tests", "/acceptance-tests", Permission.SURVEILLANCE_READ),
            Link("Stops", "/stops", Permission.REGISTRY_READ),
        ),
    ),
    Link(
        "Sites",
        "/sites",
        Permission.STUDY_READ,
        within=(Link("Webhooks", "/webhooks", Permission.WEBHOOK_WRITE),),
    ),
    Link(
        "Studies",
        "/studies",
        Permission.STUDY_READ,
        within=(Link("Runs", "/runs", Permission.STUDY_READ),),
    ),
    Link(
        "Alerts",
        "/alerts",
        Permission.SURVEILLANCE_READ,
        within=(Link("Simulations", "/simulations", Permission.SURVEILLANCE_READ),),
    ),
    Link("Reports", "/reports", Permission.SURVEILLANCE_READ),
    Link("Audit", "/audit", Permission.AUDIT_READ),
)


def create_app(parts: Parts) -> FastAPI:
    """Build the whole application."""
    app = create_base(parts, TEMPLATES, NAVIGATION)
    app.state.gates = GATES
    app.state.version_gates = VERSION_GATES
    parts.metrics.register(StateCollector(parts.database))
    for router in ROUTERS:
        app.include_router(router)
    return app


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    app = create_app(build_parts(settings))
    # What was imported stays for good: no collection need look through it while somebody waits.
    gc.freeze()
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    serve(read())
