"""Asking all routes of the application there are, about the rows of one party."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conftest import FakeClock, RecordingQueue
from factories.runs import KEYS
from factories.whole import Party
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry

from vigil.kernel.db import Database
from vigil.kernel.events import Events
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts
from vigil.kernel.settings import KernelSettings

DATABASE = "vigil.sqlite"


def open_parts(folder: Path) -> Parts:
    return Parts(
        KernelSettings(data_dir=folder, assets_dir=folder / "assets"),
        Database(f"sqlite:///{folder / DATABASE}", FakeClock()),
        LocalObjectStore(folder / "objects"),
        KEYS,
        Events(),
        RecordingQueue(),
        CollectorRegistry(),
    )


def ids_of(party: Party) -> dict[str, str]:
    run = party.done.run
    return {
        "site": party.site.ods_code,
        "site_id": party.site.id,
        "model_id": party.version.model_id,
        "version_id": party.version.id,
        "node_id": party.node.id,
        "case_id": party.case.id,
        "acceptance_id": party.acceptance.id,
        "deployment_id": run.deployment_id,
        "change_id": party.change.id,
        "card_id": party.card.id,
        "study_id": run.study_id,
        "run_id": run.id,
        "revision_id": run.routing_revision_id,
        "finding_id": party.done.findings[0].id,
        "delivery_id": party.delivery.id,
        "reference_id": party.reference.id,
        "alert_id": party.alert.id,
        "report_id": party.report.id,
        "token_id": party.token.id,
    }


def routes(app: FastAPI) -> Iterator[str]:
    for route in iter_route_contexts(app.routes):
        methods = sorted(set(getattr(route, "methods", None) or {"MOUNT"}) - {"HEAD"})
        yield from (f"{method} {route.path}" for method in methods)


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, ids) for name, each in value.items()}
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], "x"), value)
    return value
