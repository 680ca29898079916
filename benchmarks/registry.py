"""A registry with ten years behind it: how long each list and page of it takes.

Bar (issue of the registry): with 500 versions and 10 years of history, any page or API list in less
than 200 ms. The rows are those that the services write, put in by hand because ten years of deeds
would take hours; the application, its sessions and its templates are the real ones.
"""

import contextlib
import gc
import itertools
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from fastapi.testclient import TestClient
from sqlmodel import SQLModel

from model_registry.admission.checks import NAMES
from model_registry.admission.models import AdmissionCheck
from model_registry.deployments.models import Deployment, DeploymentPeriod, Mode
from model_registry.packages.layout import CARD, MANIFEST, MODEL, SAFETY_CASE
from model_registry.packages.manifest import parse_manifest, preprocessing_digest
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase, SignOffStatus
from model_registry.versions.models import (
    Model,
    ModelAlias,
    ModelVersion,
    VersionChange,
    VersionFile,
    VersionStatus,
)
from transparency_cards.cards.models import Card, CardStatus
from vigil.app import schema
from vigil.app.settings import Settings
from vigil.app.web import create_app
from vigil.app.wiring import build_parts
from vigil.kernel.audit import service as audit
from vigil.kernel.db import WriteSession
from vigil.kernel.engine import ledger
from vigil.kernel.identity import repository as identity_rows
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.ids import new_id
from vigil.kernel.objects import sha256
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets
from vigil.kernel.web.dependencies import cookie_name

BAR_MS = 200.0
MODELS, VERSIONS, SUPPLIERS, SITES, YEARS = 25, 500, 8, 12, 10
EVENTS = 100_000
ROUNDS = 20
SYSTEM = system_actor("benchmark")
PASSWORD = "a long password of a benchmark"  # noqa: S105 - of a person in a temporary folder
_BATCH = 5000
_MODEL = Path(__file__).parents[1] / "platform/vigil/app/demo/packages/chest-view"


@dataclass(frozen=True)
class Seeded:
    """What the routes are asked for."""

    model_id: str
    version_id: str
    older_id: str
    site_code: str
    cookie: str


@dataclass(frozen=True)
class Took:
    path: str
    p50: float
    p95: float
    cpu: float
    status: int
    kilobytes: float


class Years:
    """Ten years of a registry, in rows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._random = random.Random(1)
        self._start = datetime.now(UTC) - timedelta(days=365 * YEARS)
        self._card = (_MODEL / CARD).read_bytes()
        self._case = (_MODEL / SAFETY_CASE).read_bytes()
        self._manifest = parse_manifest((_MODEL / MANIFEST).read_bytes())
        self._people: list[Actor] = []
        self._sites: list[str] = []

    def live(self) -> Seeded:
        """Write it all."""
        for content in (self._card, self._case):
            self._parts.objects.put(content)
        with self._parts.database.write() as session:
            models = self._organisations(session)
        versions = [row for model in models for row in self._versions_of(model)]
        self._add(models)
        self._add(versions)
        self._add([row for version in versions for row in self._around(version)])
        self._add(self._deployments(versions))
        self._audit(versions)
        model = models[-1]
        own = [version for version in versions if version.model_id == model.id]
        with self._parts.database.read() as session:
            code = identity_rows.sites(session, SYSTEM)[0].ods_code
        return Seeded(model.id, own[-1].id, own[-2].id, code, self._sign_in())

    def _organisations(self, session: WriteSession) -> list[Model]:
        suppliers = [self._organisation(session, f"SUP{n}", "SUPPLIER") for n in range(SUPPLIERS)]
        self._organisation(session, "NET", "NETWORK")
        for number in range(SITES):
            code = f"R{number:02}"
            self._organisation(session, code, "PROVIDER")
            site = identity.create_site(
                session, SYSTEM, organisation_code=code, ods_code=f"{code}01", name=f"Site {code}"
            )
            self._sites.append(site.id)
        for role in (Role.NETWORK_MANAGER, Role.CSO):
            user = identity.create_user(
                session,
                SYSTEM,
                organisation_code="NET",
                email=f"{role.value}@net.example",
                name=role.value,
                password=PASSWORD,
                roles=[Grant(one) for one in (Role.CSO, role, Role.NETWORK_MANAGER)],
                professional_body="GMC",
                registration_number="1234567",
            )
            self._people.append(identity.actor_for(session, user))
        return [
            Model(
                id=self._id("mdl", number),
                organisation_id=suppliers[number % SUPPLIERS],
                name=f"model-{number}",
                title=f"Model {number}",
            )
            for number in range(MODELS)
        ]

    def _organisation(self, session: WriteSession, code: str, kind: str) -> str:
        made = identity.create_organisation(
            session, SYSTEM, ods_code=code, name=f"Organisation {code}", kind=OrganisationKind[kind]
        )
        return made.id

    def _versions_of(self, model: Model) -> Iterator[ModelVersion]:
        count = VERSIONS // MODELS
        for number in range(count):
            at = self._at(number / count)
            yield ModelVersion(
                id=self._id("ver", number, at),
                model_id=model.id,
                organisation_id=model.organisation_id,
                version=f"{1 + number // 4}.{number % 4}.0",
                digest=sha256(f"{model.id} {number}".encode()),
                size=85_000_000,
                manifest=self._manifest.as_json(),
                preprocessing_digest=preprocessing_digest(self._manifest),
                status=VersionStatus.APPROVED,
                submitted_by=SYSTEM.id,
                submitted_at=at,
            )

    def _around(self, version: ModelVersion) -> Iterator[SQLModel]:
        """Yield what a version brings with it: checks, files, steps, a case, a card, names."""
        at = version.submitted_at
        for name in NAMES:
            yield AdmissionCheck(
                id=self._id("adm"),
                version_id=version.id,
                name=name,
                passed=True,
                evidence="as declared",
                seconds=1.5,
                at=at,
            )
        contents = {MODEL: b"x", CARD: self._card, SAFETY_CASE: self._case, MANIFEST: b"m"}
        for name, data in contents.items():
            digest = sha256(data if name != MODEL else version.id.encode())
            yield VersionFile(
                id=self._id("vfl"), version_id=version.id, name=name, digest=digest, size=len(data)
            )
        for number, status in enumerate(("submitted", "checked", "approved")):
            yield VersionChange(
                id=self._id("vch"),
                model_id=version.model_id,
                version_id=version.id,
                status=VersionStatus(status),
                at=at + timedelta(hours=number),
                by=self._people[0].id,
                by_label=self._people[0].label,
                reason="reviewed",
            )
        yield self._case_of(version)
        yield self._card_of(version)
        yield self._alias_of(version)
        for site_id in self._sites:
            yield from self._accepted(version, site_id)

    def _case_of(self, version: ModelVersion) -> SafetyCase:
        return SafetyCase(
            id=self._id("sc"),
            organisation_id=version.organisation_id,
            version_id=version.id,
            version_digest=version.digest,
            content_digest=sha256(self._case),
            title="Clinical safety case report",
            status=SignOffStatus.SIGNED,
            submitted_by=SYSTEM.id,
            submitted_at=version.submitted_at,
            signed_by=self._people[1].id,
            signed_at=version.submitted_at,
        )

    def _card_of(self, version: ModelVersion) -> Card:
        return Card(
            id=self._id("crd"),
            version_id=version.id,
            version_digest=version.digest,
            content=yaml.safe_load(self._card),
            content_digest=sha256(self._card),
            status=CardStatus.PUBLISHED,
            published_by=SYSTEM.id,
            published_at=version.submitted_at,
        )

    def _alias_of(self, version: ModelVersion) -> ModelAlias:
        at = version.submitted_at + timedelta(days=30)
        end = at + timedelta(days=365 * YEARS * MODELS / VERSIONS)
        is_last = end > datetime.now(UTC)
        return ModelAlias(
            id=self._id("als"),
            model_id=version.model_id,
            name="champion",
            version_id=version.id,
            set_by=self._people[0].id,
            set_by_label=self._people[0].label,
            set_at=at,
            reason="it did best",
            ended_at=None if is_last else end,
        )

    def _accepted(self, version: ModelVersion, site_id: str) -> Iterator[Acceptance]:
        for kind in AcceptanceKind:
            yield Acceptance(
                id=self._id("acc"),
                kind=kind,
                version_id=version.id,
                version_digest=version.digest,
                site_id=site_id,
                configuration_digest=configuration_digest(version, {}),
                content_digest=sha256(self._case),
                passed=True,
                status=SignOffStatus.SIGNED,
                submitted_by=SYSTEM.id,
                submitted_at=version.submitted_at,
                signed_by=self._people[1].id,
                signed_at=version.submitted_at,
            )

    def _deployments(self, versions: Sequence[ModelVersion]) -> Iterator[SQLModel]:
        """Yield each version at each site: shadow, live, and retired when the next came."""
        for model_id, group in itertools.groupby(versions, lambda version: version.model_id):
            own = list(group)
            for site_id, (place, version) in itertools.product(self._sites, enumerate(own)):
                after = own[place + 1].submitted_at if place + 1 < len(own) else None
                yield from self._deployed(model_id, site_id, version, after)

    def _deployed(
        self, model_id: str, site_id: str, version: ModelVersion, after: datetime | None
    ) -> Iterator[SQLModel]:
        at = version.submitted_at + timedelta(days=10)
        modes = [Mode.SHADOW, Mode.LIVE] + ([] if after is None else [Mode.RETIRED])
        begins = [at, at + timedelta(days=60)] + ([] if after is None else [after + timedelta(70)])
        deployment_id = self._id("dep", at=at)
        yield Deployment(
            id=deployment_id,
            model_id=model_id,
            version_id=version.id,
            site_id=site_id,
            mode=modes[-1],
            share=100,
            revision=len(modes),
            thresholds={},
            created_at=at,
        )
        for number, (mode, begun) in enumerate(zip(modes, begins, strict=True)):
            person = self._random.choice(self._people)
            yield DeploymentPeriod(
                id=self._id("per", at=begun),
                deployment_id=deployment_id,
                revision=number + 1,
                model_id=model_id,
                version_id=version.id,
                site_id=site_id,
                mode=mode,
                share=100,
                thresholds={},
                from_at=begun,
                to_at=begins[number + 1] if number + 1 < len(begins) else None,
                by=person.id,
                by_label=person.label,
                reason="agreed at the board",
            )

    def _audit(self, versions: Sequence[ModelVersion]) -> None:
        for first in range(0, EVENTS, _BATCH):
            with self._parts.database.write() as session:
                for number in range(first, min(EVENTS, first + _BATCH)):
                    version = versions[number % len(versions)]
                    audit.record(session, SYSTEM, "registry:version:seen", version.id, "a deed")

    def _add(self, rows: Any) -> None:
        listed = list(rows)
        order: list[type[Any]] = [Model, ModelVersion, Deployment]
        listed.sort(key=lambda row: order.index(type(row)) if type(row) in order else len(order))
        for first in range(0, len(listed), _BATCH):
            with self._parts.database.write() as session:
                session.add_all(listed[first : first + _BATCH])

    def _sign_in(self) -> str:
        return identity.sign_in(self._parts.database, "network_manager@net.example", PASSWORD)

    def _at(self, share: float) -> datetime:
        return self._start + timedelta(days=365 * YEARS * share)

    def _id(self, prefix: str, number: int = 0, at: datetime | None = None) -> str:
        instant = (at or self._start) + timedelta(milliseconds=number)
        return new_id(prefix, lambda: instant)


def measure(folder: Path) -> list[Took]:
    """Seed a database and ask every list and page of the registry."""
    assets.build(folder / "assets")
    parts = build_parts(Settings(data_dir=folder / "registry", assets_dir=folder / "assets"))
    schema.upgrade(parts.database)
    ledger.prepare(parts.database)
    try:
        return ask(parts, Years(parts).live())
    finally:
        parts.database.dispose()


def ask(parts: Parts, seeded: Seeded) -> list[Took]:
    """Time each route of the registry on what is there."""
    return time_all(parts, seeded.cookie, _paths(seeded))


def time_all(parts: Parts, cookie: str, paths: Sequence[str]) -> list[Took]:
    """Time routes for whoever has this cookie."""
    with _client(parts, cookie) as client:
        # What the seeding left is no server's: a collection would look through it, in some request.
        gc.collect()
        gc.freeze()
        return [_time(client, path) for path in paths]


def report(found: Sequence[Took]) -> str:
    """Write the table, the slowest first.

    The processor's time stands beside the wall's: it is what is left of the figures on a machine
    that does other work too.
    """
    size = f"{VERSIONS} versions of {MODELS} models, {SITES} sites, {YEARS} years"
    return table(f"Registry: {size}; {EVENTS:,} audit events; bar {BAR_MS:.0f} ms", found)


def table(title: str, found: Sequence[Took]) -> str:
    """Write what was timed, the slowest first."""
    lines = [
        title,
        f"{'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8} {'KB':>7}  route",
    ]
    for took in sorted(found, key=lambda one: -one.p95):
        late = "" if took.p95 < BAR_MS and took.status < 400 else f"  <-- {took.status}"
        figures = f"{took.p50:8.1f} {took.p95:8.1f} {took.cpu:8.1f} {took.kilobytes:7.1f}"
        lines.append(f"{figures}  {took.path}{late}")
    return "\n".join(lines)


@contextlib.contextmanager
def _client(parts: Parts, cookie: str) -> Iterator[TestClient]:
    cookies = {cookie_name(parts.settings): cookie}
    with TestClient(create_app(parts), cookies=cookies, follow_redirects=False) as client:
        yield client


def _time(client: TestClient, path: str) -> Took:
    accept = "application/json" if path.startswith("/api/") else "text/html"
    client.get(path, headers={"Accept": accept})
    seconds, worked = [], []
    for _ in range(ROUNDS):
        begun, idle = time.perf_counter(), time.process_time()
        answer = client.get(path, headers={"Accept": accept})
        seconds.append(1000 * (time.perf_counter() - begun))
        worked.append(1000 * (time.process_time() - idle))
    p95 = statistics.quantiles(seconds, n=20)[-1]
    size = len(answer.content) / 1024
    cpu = statistics.median(worked)
    return Took(path, statistics.median(seconds), p95, cpu, answer.status_code, size)


def _paths(seeded: Seeded) -> list[str]:
    model, version = seeded.model_id, seeded.version_id
    then = (datetime.now(UTC) - timedelta(days=1500)).isoformat().replace("+00:00", "Z")
    day, site = then[:10], seeded.site_code
    page, api = f"/models/{model}", f"/api/v1/models/{model}"
    return [
        "/",
        "/models",
        "/models?status=approved&text=model",
        page,
        f"{page}/versions/{version}",
        f"{page}/compare?before={seeded.older_id}&after={version}",
        f"{page}/history",
        f"{page}/history?on={day}",
        f"{page}/history?site={site}&since={day}",
        f"{page}/history.csv",
        "/audit",
        f"/audit?subject={version}",
        "/register",
        *_others(),
        "/api/v1/models",
        "/api/v1/models?limit=100",
        f"{api}/aliases",
        f"{api}/standing",
        f"{api}/standing?at={then}",
        f"{api}/history",
        f"{api}/history?limit=100",
        "/api/v1/versions",
        "/api/v1/versions?limit=100",
        f"/api/v1/versions?model_id={model}",
        f"/api/v1/versions/{version}",
        f"/api/v1/versions/{version}/approval",
        f"/api/v1/versions/{version}/lineage",
        f"/api/v1/versions/{seeded.older_id}/comparison/{version}",
        "/api/v1/safety-cases",
        "/api/v1/acceptances",
        f"/api/v1/acceptances?version_id={version}",
        "/api/v1/deployments",
        f"/api/v1/deployments?site={site}",
        f"/api/v1/deployments/history?site={site}&at={then}",
        "/api/v1/audit/events",
        f"/api/v1/audit/events?subject={version}",
        "/api/v1/cards",
    ]


def _others() -> list[str]:
    """Return the lists of the registry's other nouns."""
    return ["/deployments", "/reviews", "/stops?show=all", "/supplier-keys", "/submissions"]
