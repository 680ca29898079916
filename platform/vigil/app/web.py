"""The web process: every domain's API and pages on one application."""

import uvicorn
from fastapi import FastAPI

from inference.decisions import api as decisions_api
from inference.decisions import pages as decisions_pages
from inference.delivery import api as delivery_api
from inference.routing import api as routing_api
from inference.runs import api as runs_api
from inference.runs import pages as runs_pages
from inference.studies import api as studies_api
from model_registry.deployments import api as deployments_api
from model_registry.nodes import api as nodes_api
from model_registry.safety import api as safety_api
from model_registry.versions import api as versions_api
from surveillance.alerts import api as alerts_api
from surveillance.alerts import pages as alerts_pages
from surveillance.records import api as records_api
from surveillance.reports import api as reports_api
from surveillance.reports import pages as reports_pages
from surveillance.streams import api as streams_api
from surveillance.streams import pages as streams_pages
from transparency_cards.cards import api as cards_api
from transparency_cards.cards import pages as cards_pages
from vigil.app.counts import StateCollector
from vigil.app.pages import models, overview, studies
from vigil.app.settings import Settings, read
from vigil.app.wiring import GATES, build_parts
from vigil.kernel.audit import api as audit_api
from vigil.kernel.audit import pages as audit_pages
from vigil.kernel.identity import api as identity_api
from vigil.kernel.identity import pages as identity_pages
from vigil.kernel.identity.roles import Permission
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import configure_logging
from vigil.kernel.web.app import create_base
from vigil.kernel.web.pages import Link

ROUTERS = (
    overview.router,
    identity_api.router,
    identity_pages.router,
    audit_api.router,
    audit_pages.router,
    nodes_api.router,
    versions_api.router,
    models.router,
    safety_api.router,
    deployments_api.router,
    studies_api.router,
    studies.router,
    routing_api.router,
    runs_api.router,
    runs_pages.router,
    delivery_api.router,
    decisions_api.router,
    decisions_pages.router,
    records_api.router,
    streams_api.router,
    streams_pages.router,
    alerts_api.router,
    alerts_pages.router,
    reports_api.router,
    reports_pages.router,
    cards_api.router,
    cards_pages.router,
)
TEMPLATES = {
    "app": "vigil.app",
    "audit": "vigil.kernel.audit",
    "runs": "inference.runs",
    "decisions": "inference.decisions",
    "streams": "surveillance.streams",
    "alerts": "surveillance.alerts",
    "reports": "surveillance.reports",
    "cards": "transparency_cards.cards",
}
NAVIGATION = (
    Link("Overview", "/", Permission.REGISTRY_READ),
    Link("Models", "/models", Permission.REGISTRY_READ),
    Link("Studies", "/studies", Permission.STUDY_READ),
    Link("Alerts", "/alerts", Permission.SURVEILLANCE_READ),
    Link("Reports", "/reports", Permission.SURVEILLANCE_READ),
    Link("Audit", "/audit", Permission.AUDIT_READ),
    Link("Register", "/register"),
)


def create_app(parts: Parts) -> FastAPI:
    """Build the whole application."""
    app = create_base(parts, TEMPLATES, NAVIGATION)
    app.state.gates = GATES
    parts.metrics.register(StateCollector(parts.database))
    for router in ROUTERS:
        app.include_router(router)
    return app


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    uvicorn.run(
        create_app(build_parts(settings)),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    serve(read())
