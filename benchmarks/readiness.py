"""A network in full use: how long the readiness of all its sites for all its models takes.

Fifty sites beside twenty-five models, each deployed everywhere: half of them live, half in shadow
with a hundred runs, and every paper recorded. The bar is that of the registry: 200 ms.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import SQLModel, select

from benchmarks.registry import BAR_MS, PASSWORD, SYSTEM, Took, table, time_all
from inference.associations.models import Association, Ending
from inference.readiness.items import BY_KEY, ITEMS, ItemKey, Kind, Scope
from inference.readiness.models import EchoProof, Evidence
from inference.routing.models import RevisionState, RoutingRevision
from inference.runs.models import Outcome, Run, RunMode, RunState
from inference.studies.models import Study, StudyState
from model_registry.deployments.models import Deployment, Mode
from model_registry.nodes.models import Node
from model_registry.safety.models import Acceptance, AcceptanceKind, SignOffStatus
from model_registry.versions.models import Model, ModelVersion, VersionStatus
from vigil.app import schema
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.db import WriteSession
from vigil.kernel.engine import ledger
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Grant
from vigil.kernel.identity.models import OrganisationKind, Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.ids import new_id
from vigil.kernel.objects import sha256
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets

SITES, MODELS, RUNS = 50, 25, 100
_BATCH = 5000
_EMAIL = "manager@net.example"


class Network:
    """Every site with every model, in rows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._now = datetime.now(UTC)
        self._officer = ""

    def live(self) -> tuple[str, str]:
        """Write it all; return a site's id and a manager's cookie."""
        with self._parts.database.write() as session:
            sites, models = self._organisations(session)
        versions = [self._version(model) for model in models]
        self._add(models)
        self._add(versions)
        self._add(row for site in sites for row in self._devices(site))
        self._add(row for site in sites for row in self._calls(site))
        self._add(self._papers(sites, models))
        for number, site in enumerate(sites):
            self._use(site, versions, number)
        return sites[0].id, identity.sign_in(self._parts.database, _EMAIL, PASSWORD)

    def _organisations(self, session: WriteSession) -> tuple[list[Site], list[Model]]:
        supplier = identity.create_organisation(
            session, SYSTEM, ods_code="SUP", name="Supplier", kind=OrganisationKind.SUPPLIER
        )
        identity.create_organisation(
            session, SYSTEM, ods_code="NET", name="Network", kind=OrganisationKind.NETWORK
        )
        self._officer = identity.create_user(
            session,
            SYSTEM,
            organisation_code="NET",
            email=_EMAIL,
            name="Manager",
            password=PASSWORD,
            roles=[Grant(Role.NETWORK_MANAGER)],
        ).id
        models = [
            Model(
                id=self._id("mdl"), organisation_id=supplier.id, name=f"m-{n}", title=f"Model {n}"
            )
            for n in range(MODELS)
        ]
        return [self._site(session, f"R{n:02}") for n in range(SITES)], models

    def _site(self, session: WriteSession, code: str) -> Site:
        identity.create_organisation(
            session, SYSTEM, ods_code=code, name=f"Trust {code}", kind=OrganisationKind.PROVIDER
        )
        return identity.create_site(
            session, SYSTEM, organisation_code=code, ods_code=f"{code}01", name=f"Hospital {code}"
        )

    def _version(self, model: Model) -> ModelVersion:
        return ModelVersion(
            id=self._id("ver"),
            model_id=model.id,
            organisation_id=model.organisation_id,
            version="1.0.0",
            digest=sha256(model.id.encode()),
            size=85_000_000,
            manifest={},
            preprocessing_digest=sha256(b"steps"),
            status=VersionStatus.APPROVED,
            submitted_by=SYSTEM.id,
            submitted_at=self._now,
        )

    def _devices(self, site: Site) -> Iterator[SQLModel]:
        for title, is_source in (("PACS", False), ("CT", True), ("CR", True)):
            yield Node(
                id=self._id("node"),
                site_id=site.id,
                ae_title=f"{title}{site.ods_code}",
                host="10.0.0.1",
                port=104,
                is_source=is_source,
                is_destination=not is_source,
                created_at=self._now,
            )
        yield Study(
            id=self._study(site),
            site_id=site.id,
            study_instance_uid="1.2.3",
            patient_pseudonym="p",
            first_arrival_at=self._now,
            last_arrival_at=self._now,
            revision_started_at=self._now,
            state=StudyState.CLOSED,
        )
        yield RoutingRevision(
            id=self._routing(site),
            site_id=site.id,
            number=1,
            state=RevisionState.PUBLISHED,
            rules=[],
            digest=sha256(b"rules"),
            reason="first",
            drafted_by=SYSTEM.id,
            drafted_at=self._now,
        )

    def _calls(self, site: Site) -> Iterator[SQLModel]:
        with self._parts.database.read() as session:
            nodes = session.exec(select(Node).where(Node.site_id == site.id)).all()
        for node in nodes:
            if node.is_destination:
                yield EchoProof(
                    id=self._id("ech"),
                    node_id=node.id,
                    site_id=site.id,
                    at=self._now,
                    ok=True,
                    said=f"{node.ae_title} answered.",
                    seconds=0.01,
                    by=SYSTEM.id,
                )
            for number in range(50 if node.is_source else 0):
                yield Association(
                    id=self._id("asc"),
                    site_id=site.id,
                    calling_ae=node.ae_title,
                    called_ae="VIGIL",
                    peer_host=node.host,
                    receiver="bench",
                    opened_at=self._now - timedelta(hours=number),
                    closed_at=self._now,
                    ending=Ending.RELEASED,
                    stored=number,
                )

    def _papers(self, sites: Sequence[Site], models: Sequence[Model]) -> Iterator[Evidence]:
        for item in (one for one in ITEMS if one.kind is Kind.EVIDENCED):
            places: list[tuple[str, str | None, str | None]]
            match item.scope:
                case Scope.ORGANISATION:
                    places = [(site.organisation_id, None, None) for site in sites]
                case Scope.MODEL:
                    places = [(model.organisation_id, None, model.id) for model in models]
                case _:
                    places = [
                        (site.organisation_id, site.id, model.id)
                        for site, model in itertools.product(sites, models)
                    ]
            yield from (self._paper(item.key, *place) for place in places)

    def _paper(
        self, key: ItemKey, organisation: str, site: str | None, model: str | None
    ) -> Evidence:
        today = self._now.date()
        return Evidence(
            id=self._id("evi"),
            item=key.value,
            organisation_id=organisation,
            site_id=site,
            model_id=model,
            reference="IG-2026-14",
            owner="data protection officer",
            valid_from=today,
            expires_on=today + (BY_KEY[key].life or timedelta(days=365)),
            recorded_by=SYSTEM.id,
            recorded_at=self._now,
            reason="assessed",
        )

    def _use(self, site: Site, versions: Sequence[ModelVersion], number: int) -> None:
        """Deploy every version at a site: half of them live, half in shadow, all with runs."""
        made = [
            self._deployment(site, version, Mode.LIVE if (place + number) % 2 else Mode.SHADOW)
            for place, version in enumerate(versions)
        ]
        self._add(made)
        pairs = list(zip(made, versions, strict=True))
        self._add(self._accepted(site, one, kind) for one in versions for kind in AcceptanceKind)
        self._add(
            self._run(deployment, version, place * RUNS + number)
            for place, (deployment, version) in enumerate(pairs)
            for number in range(RUNS)
        )

    def _deployment(self, site: Site, version: ModelVersion, mode: Mode) -> Deployment:
        return Deployment(
            id=self._id("dep"),
            model_id=version.model_id,
            version_id=version.id,
            site_id=site.id,
            mode=mode,
            share=100,
            revision=1,
            thresholds={},
            created_at=self._now,
        )

    def _accepted(self, site: Site, version: ModelVersion, kind: AcceptanceKind) -> Acceptance:
        return Acceptance(
            id=self._id("acc"),
            kind=kind,
            version_id=version.id,
            version_digest=version.digest,
            site_id=site.id,
            configuration_digest=version.digest,
            content_digest=version.digest,
            passed=True,
            status=SignOffStatus.SIGNED,
            submitted_by=SYSTEM.id,
            submitted_at=self._now,
            signed_by=self._officer,
            signed_at=self._now,
        )

    def _run(self, deployment: Deployment, version: ModelVersion, number: int) -> Run:
        return Run(
            id=self._id("run"),
            study_id=f"std_{deployment.site_id}",
            study_revision=number,
            site_id=deployment.site_id,
            deployment_id=deployment.id,
            deployment_revision=1,
            mode=RunMode.SHADOW,
            version_id=version.id,
            version_digest=version.digest,
            preprocessing_digest=version.preprocessing_digest,
            routing_revision_id=f"rrv_{deployment.site_id}",
            state=RunState.FINISHED,
            outcome=Outcome.SUCCEEDED,
            planned_at=self._now - timedelta(hours=3 * (number % RUNS)),
        )

    def _study(self, site: Site) -> str:
        return f"std_{site.id}"

    def _routing(self, site: Site) -> str:
        return f"rrv_{site.id}"

    def _add(self, rows: Iterable[SQLModel]) -> None:
        for batch in _batches(rows):
            with self._parts.database.write() as session:
                session.add_all(batch)

    def _id(self, prefix: str) -> str:
        return new_id(prefix, lambda: self._now)


def measure(folder: Path) -> list[Took]:
    """Seed a network and ask for its readiness."""
    assets.build(folder / "assets")
    parts = build_parts(Settings(data_dir=folder / "network", assets_dir=folder / "assets"))
    schema.upgrade(parts.database)
    ledger.prepare(parts.database)
    try:
        site_id, cookie = Network(parts).live()
        return time_all(parts, cookie, _paths(site_id))
    finally:
        parts.database.dispose()


def report(found: Sequence[Took]) -> str:
    """Write the table, the slowest first."""
    return table(f"Readiness: {SITES} sites, {MODELS} models; bar {BAR_MS:.0f} ms", found)


def _paths(site_id: str) -> list[str]:
    return [
        "/sites",
        "/sites?show=lacking",
        f"/sites/{site_id}",
        "/api/v1/sites/readiness",
        "/api/v1/sites/readiness?limit=100",
        "/api/v1/sites/readiness.csv",
        f"/api/v1/sites/{site_id}/readiness",
    ]


def _batches(rows: Iterable[SQLModel]) -> Iterator[list[SQLModel]]:
    found = iter(rows)
    while batch := list(itertools.islice(found, _BATCH)):
        yield batch
