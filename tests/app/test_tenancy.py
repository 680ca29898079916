"""Everybody sees only what is theirs (design invariant 12): asked of every route there is.

Two suppliers and two hospitals have a row in each table. A route belongs to exactly one list below;
a new one that is in none fails the test.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from factories.identity import create_person
from factories.tenancy.asking import DATABASE, filled, ids_of, open_parts, routes
from factories.tenancy.claims import Write
from factories.tenancy.nouns import NOUNS
from factories.web import ORIGIN, anonymous, browser
from factories.whole import FINDING, Network, Party, create_network, create_party
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from vigil.app import web
from vigil.app.tables import metadata
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}
REASON = {"reason": "because"}

# Anybody may ask these: they tell of the product, or are the register, or carry a signed link.
PUBLIC = {
    "GET /api/v1/openapi.json", "GET /health/live", "GET /health/ready", "GET /metrics",
    "GET /problems", "GET /problems/{name}", "GET /accessibility", "GET /help", "MOUNT /assets",
    "GET /sign-in", "POST /sign-in", "GET /api/v1/cards", "GET /api/v1/cards/{card_id}",
    "GET /register", "GET /register/{card_id}", "GET /read/{token}",
    "POST /read/{token}/findings/{finding_id}",
}  # fmt: skip

# These speak of the caller alone, whoever it is.
OWN = {
    "GET /api/v1/me", "GET /api/v1/tokens", "POST /api/v1/tokens", "GET /account",
    "POST /account/tokens", "POST /sign-out",
}  # fmt: skip

# Lists and questions: the route, and the query that asks for the other party's rows.
LISTS = {
    "GET /": "",
    "GET /models": "",
    "GET /studies": "",
    "GET /runs": "",
    "GET /alerts": "show=all",
    "GET /reports": "",
    "GET /audit": "",
    "GET /api/v1/audit/events": "subject={run_id}",
    "GET /api/v1/audit/verification": "",
    "GET /api/v1/nodes": "",
    "GET /api/v1/models": "",
    "GET /api/v1/versions": "model_id={model_id}",
    "GET /api/v1/safety-cases": "version_id={version_id}",
    "GET /api/v1/acceptances": "version_id={version_id}",
    "GET /api/v1/deployments": "",
    "GET /api/v1/deployments/history": "site={site}&at=2026-11-21T10:00:00Z",
    "GET /api/v1/studies": "site_id={site_id}",
    "GET /api/v1/routing/revisions": "site={site}",
    "GET /api/v1/routing/decisions": "study_id={study_id}",
    "GET /api/v1/runs": "study_id={study_id}",
    "GET /api/v1/deliveries": "run_id={run_id}",
    "GET /api/v1/surveillance/references": "version_id={version_id}",
    "GET /api/v1/surveillance/streams": "",
    "GET /api/v1/surveillance/overrides": "version_id={version_id}&site_id={site_id}"
    "&from_day=2026-01-01&to_day=2026-12-31",
    "GET /api/v1/alerts": "version_id={version_id}",
    "GET /api/v1/reports": "version_id={version_id}",
}

# One thing by its identifier: whoever may not see it is told that it is not there, or not allowed.
SITE_THINGS = {
    "GET /api/v1/nodes/{node_id}",
    "GET /api/v1/acceptances/{acceptance_id}",
    "GET /api/v1/acceptances/{acceptance_id}/document",
    "GET /api/v1/deployments/{deployment_id}",
    "GET /api/v1/studies/{study_id}",
    "GET /studies/{study_id}",
    "GET /api/v1/runs/{run_id}",
    "GET /runs/{run_id}",
    "GET /api/v1/runs/{run_id}/reading-link",
    "GET /api/v1/deliveries/{delivery_id}",
    "GET /api/v1/findings/{finding_id}/decisions",
    "GET /api/v1/surveillance/references/{reference_id}",
    "GET /api/v1/alerts/{alert_id}",
    "GET /alerts/{alert_id}",
    "GET /api/v1/reports/{report_id}",
    "GET /reports/{report_id}",
    "GET /reports/{report_id}/document",
}

# What a supplier hands over is read by all hospitals, and by no other supplier.
SUPPLIER_THINGS = {
    "GET /api/v1/models/{model_id}",
    "GET /api/v1/versions/{version_id}",
    "GET /models/{model_id}/versions/{version_id}",
    "GET /models/{model_id}/versions/{version_id}/surveillance",
    "GET /api/v1/safety-cases/{case_id}",
    "GET /api/v1/safety-cases/{case_id}/document",
    "GET /api/v1/surveillance/versions/{version_id}/summary",
}

_CASES = [{"score": number / 250} for number in range(250)]
_REFERENCE = {"version_id": "{version_id}", "finding_key": FINDING, "threshold": 0.5, **REASON}
_DEPLOY = {"version_id": "{version_id}", "site": "{site}", **REASON}
_REPORT = {"version_id": "{version_id}", "site_id": "{site_id}", "finding_key": FINDING}
_DAYS = {"from_day": "2026-11-01", "to_day": "2026-11-21"}
_NODE = {"site": "{site}", "ae_title": "EVIL", "host": "127.0.0.1", "port": 104, "is_source": True}
_RULE = {"name": "all", "when": 'modality == "CR"', "model": "ACME/linear-three"}
_ACCEPT = {"kind": "local_test", "version_id": "{version_id}", "site": "{site}", "passed": "true"}


WRITES = {
    "POST /api/v1/tokens/{token_id}/revocation": [Write(REASON)],
    "POST /account/tokens/{token_id}/revoke": [Write(REASON, form=True)],
    "POST /api/v1/nodes": [Write(_NODE | REASON)],
    "POST /api/v1/nodes/{node_id}/retire": [Write(REASON)],
    "POST /api/v1/versions/{version_id}/withdraw": [Write(REASON)],
    "POST /deployments/{deployment_id}/suspend": [Write(REASON, form=True)],
    "POST /api/v1/safety-cases": [
        Write({"version_id": "{version_id}", "title": "Mine", **REASON}, document=True)
    ],
    "POST /api/v1/safety-cases/{case_id}/sign": [Write(REASON)],
    "POST /api/v1/acceptances": [Write(_ACCEPT | REASON, document=True)],
    "POST /api/v1/acceptances/{acceptance_id}/sign": [Write(REASON)],
    "POST /api/v1/deployments": [Write(_DEPLOY)],
    "POST /api/v1/deployments/{deployment_id}/changes": [Write({"to_mode": "shadow", **REASON})],
    "POST /api/v1/deployments/changes/{change_id}/approve": [Write(REASON)],
    "POST /api/v1/deployments/changes/{change_id}/withdraw": [Write(REASON)],
    "POST /api/v1/deployments/{deployment_id}/suspend": [Write(REASON)],
    "POST /api/v1/deployments/{deployment_id}/fall-back": [Write(REASON)],
    "POST /api/v1/deployments/{deployment_id}/rollback": [Write(REASON)],
    "POST /api/v1/routing/revisions": [Write({"site": "{site}", "rules": [_RULE], **REASON})],
    "POST /api/v1/routing/revisions/{revision_id}/publication": [Write(REASON)],
    "POST /api/v1/deliveries/retries": [Write({"node_id": "{node_id}", **REASON})],
    "POST /api/v1/deliveries/{delivery_id}/retry": [Write(REASON)],
    "POST /api/v1/findings/{finding_id}/decisions": [Write({"present": False})],
    "POST /api/v1/surveillance/references": [
        Write(_REFERENCE | {"cases": _CASES, "site_id": "{site_id}"}),
        Write(_REFERENCE | {"cases": _CASES}),
    ],
    "POST /api/v1/surveillance/references/from-records": [
        Write({k: v for k, v in _REFERENCE.items() if k != "threshold"}
              | {"site_id": "{site_id}", "first": 10})
    ],
    "POST /api/v1/alerts/{alert_id}/acknowledge": [Write(REASON)],
    "POST /api/v1/alerts/{alert_id}/resolve": [Write(REASON)],
    "POST /api/v1/alerts/{alert_id}/reopen": [Write(REASON)],
    "POST /alerts/{alert_id}/acknowledge": [Write(REASON, form=True)],
    "POST /alerts/{alert_id}/resolve": [Write(REASON, form=True)],
    "POST /alerts/{alert_id}/reopen": [Write(REASON, form=True)],
    "POST /api/v1/reports": [Write(_REPORT | _DAYS)],
    "POST /api/v1/cards": [Write({"version_id": "{version_id}", **REASON})],
    "POST /api/v1/cards/{card_id}/withdraw": [Write(REASON)],
}  # fmt: skip

# These act on all that the caller may see, and on that only: they may succeed and touch nothing.
WIDE_WRITES = {"POST /api/v1/surveillance/evaluations": [Write({})]}
# Its body is the package itself: see the test of its own.
UPLOAD = {"POST /api/v1/versions"}

# Answers that name nobody.
BARE = ("/document", "/reading-link", "/overrides", "/proposals", "/history.csv", "/series.csv")
# What is not there, though the caller may ask for it.
GONE = ("/aliases/{name}/clear", "/references/from-package")

for noun in NOUNS:
    PUBLIC |= noun.public
    OWN |= noun.own
    LISTS |= noun.lists
    SITE_THINGS |= noun.site_things
    SUPPLIER_THINGS |= noun.supplier_things
    WRITES |= noun.writes

PROTECTED = {*OWN, *LISTS, *SITE_THINGS, *SUPPLIER_THINGS, *WRITES, *WIDE_WRITES, *UPLOAD}
# Rows that no answer shows, that everybody may see, or that come with every request.
NOT_OWNED = {
    "audit_event", "card", "engine_step_outcome", "idempotency_key", "password_attempt",
    "web_session", "worker",
}  # fmt: skip
NOT_OWNED = NOT_OWNED.union(*(noun.not_owned for noun in NOUNS))


@dataclass(frozen=True)
class World:
    """The application, two parties of which one is asked for, and who must not see it."""

    app: FastAPI
    network: Network
    theirs: Party
    foreign: dict[str, Actor]
    secrets: dict[str, frozenset[str]]
    ids: dict[str, str]


@dataclass(frozen=True)
class Seeds:
    """A data folder with two parties in it, of which each test gets a copy."""

    folder: Path
    network: Network
    theirs: Party
    mine: Party
    ids: dict[str, str]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Seeds:
    folder = tmp_path_factory.mktemp("seeds")
    shutil.copy(migrated_sqlite, folder / DATABASE)
    assets.build(folder / "assets")
    parts = open_parts(folder)
    with parts.database.write() as session:
        network = create_network(session)
    theirs = create_party(parts, network, "ACME", "RXX01")
    mine = create_party(parts, network, "BETA", "RYY01")
    ids = ids_of(theirs)
    for noun in NOUNS:
        ids |= noun.seed(parts, network, theirs)
        noun.seed(parts, network, mine)
    # The last connection to close moves the write-ahead log into the file.
    parts.database.dispose()
    return Seeds(folder, network, theirs, mine, ids)


@pytest.fixture
def parts(seeds: Seeds, tmp_path: Path) -> Iterator[Parts]:
    folder = tmp_path / "copy"
    shutil.copytree(seeds.folder, folder)
    opened = open_parts(folder)
    yield opened
    opened.database.dispose()


@pytest.fixture
def world(seeds: Seeds, parts: Parts) -> World:
    theirs, mine = seeds.theirs, seeds.mine
    of_site = owned(parts, {theirs.site.id, theirs.site.organisation_id})
    of_supplier = owned(parts, {theirs.supplier.id})
    foreign = {"supplier": mine.seller, "reader": mine.reader, "officer": mine.officer}
    secrets = {"supplier": of_site | of_supplier, "reader": of_site, "officer": of_site}
    return World(web.create_app(parts), seeds.network, theirs, foreign, secrets, seeds.ids)


def owned(parts: Parts, roots: set[str]) -> frozenset[str]:
    """Every row's identifier that leads by its foreign keys to one of these."""
    found = set(roots)
    with parts.database.read() as session:
        for table in metadata.sorted_tables:
            if table.name in NOT_OWNED:
                continue
            columns = [column.name for column in table.columns if column.foreign_keys]
            for row in session.execute(sa.select(table)).mappings():
                if any(row[name] in found for name in columns):
                    found.add(row["id"])
    return frozenset(found)


def ask(client: TestClient, world: World, route: str, query: str = "") -> Response:
    method, _, path = route.partition(" ")
    accept = JSON if path.startswith("/api/") else HTML
    address = f"{filled(path, world.ids)}?{filled(query, world.ids)}"
    return client.request(method, address, headers=accept)


def send(client: TestClient, world: World, route: str, write: Write) -> Response:
    method, _, path = route.partition(" ")
    address, body = filled(path, world.ids), filled(write.body, world.ids)
    headers = (HTML if write.form else JSON) | write.headers
    if write.raw:
        return client.request(method, address, content=write.content, headers=headers)
    if write.document:
        files = {"document": ("d.yaml", write.content)}
        return client.request(method, address, data=body, files=files, headers=headers)
    if write.form:
        return client.request(method, address, data=body, headers=headers)
    return client.request(method, address, json=body, headers=headers)


def contents(parts: Parts) -> dict[str, list[str]]:
    """All rows of all tables but those that come with every request."""
    with parts.database.read() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in session.execute(sa.select(table)))
            for table in metadata.sorted_tables
            if table.name not in NOT_OWNED - {"card"}
        }


def test_every_route_is_in_exactly_one_list(world: World) -> None:
    there = list(routes(world.app))
    listed = [*PUBLIC, *PROTECTED]
    assert (
        len(listed)
        == len(set(listed))
        == sum(
            map(
                len, (PUBLIC, OWN, LISTS, SITE_THINGS, SUPPLIER_THINGS, WRITES, WIDE_WRITES, UPLOAD)
            )
        )
    )
    assert sorted(there) == sorted(listed), "say in tests/app/test_tenancy.py who may ask it"


def test_every_table_has_a_row_that_is_somebodys(world: World, parts: Parts) -> None:
    roots = {world.theirs.site.organisation_id, world.theirs.supplier.id}
    kinds = owned(parts, roots)
    with parts.database.read() as session:
        for table in metadata.sorted_tables:
            if table.name not in NOT_OWNED:
                held = set(session.scalars(sa.select(table.c.id)))
                assert held & kinds, f"{table.name}: seed a row in tests/factories/whole.py"


def test_a_stranger_is_told_nothing(world: World, parts: Parts) -> None:
    stranger, before = anonymous(world.app), contents(parts)
    for route in sorted(PROTECTED):
        method, _, path = route.partition(" ")
        address = filled(path, world.ids)
        if path.startswith("/api/"):
            answer = stranger.request(method, address, headers=JSON)
            assert answer.status_code == 401, route
            assert answer.headers["Content-Type"] == "application/problem+json", route
        else:
            answer = stranger.request(method, address, headers=HTML)
            assert answer.status_code == 303, route
            assert urlsplit(answer.headers["Location"]).path == "/sign-in", route
    assert contents(parts) == before


def test_a_public_page_names_no_one_but_those_on_the_register(world: World, parts: Parts) -> None:
    stranger = anonymous(world.app)
    # The register is about versions and sites: their names, and the version that a card is of.
    secrets = owned(parts, {world.theirs.site.organisation_id}) - {world.theirs.site.id}
    for route in sorted(PUBLIC - {"MOUNT /assets", "POST /sign-in"}):
        if route.startswith("GET"):
            answer = ask(stranger, world, route)
            assert answer.status_code in {200, 401, 403, 404}, route
            assert not leaked(answer, secrets), route


def test_what_is_somebody_elses_is_not_shown(world: World) -> None:
    for name, actor in world.foreign.items():
        client = browser(world.app, actor)
        for route in sorted({*LISTS, *SITE_THINGS, *SUPPLIER_THINGS, *OWN}):
            if route.startswith("GET"):
                answer = ask(client, world, route, LISTS.get(route, ""))
                assert answer.status_code < 500, (name, route)
                assert not leaked(answer, world.secrets[name], world.ids), (name, route)
                if route in SITE_THINGS or (route in SUPPLIER_THINGS and name == "supplier"):
                    assert answer.status_code in {403, 404}, (name, route)


def test_who_may_see_it_does(world: World, parts: Parts) -> None:
    """Else the test above would hold of an application that shows nothing to anybody."""
    with parts.database.write() as session:
        everybody = create_person(session, "NET", *Role)
    client = browser(world.app, everybody)
    aside = {
        "GET /api/v1/audit/verification",  # it tells of all events together
        "GET /api/v1/surveillance/versions/{version_id}/summary",  # for its supplier, below
    }
    for route in sorted({*LISTS, *SITE_THINGS, *SUPPLIER_THINGS} - aside):
        answer = ask(client, world, route, LISTS.get(route, ""))
        assert answer.status_code == 200, (route, answer.text)
        shown = {*world.secrets["supplier"], world.theirs.site.name}
        is_bare = route.endswith(BARE)
        assert is_bare or any(secret in answer.text for secret in shown), route
    seller = browser(world.app, world.theirs.seller)
    path = f"/api/v1/surveillance/versions/{world.ids['version_id']}/summary"
    assert seller.get(path, headers=JSON).status_code == 200


def test_what_is_somebody_elses_is_not_changed(world: World, parts: Parts) -> None:
    for name, actor in world.foreign.items():
        client, before = browser(world.app, actor), contents(parts)
        for route, writes in (WRITES | WIDE_WRITES).items():
            for write in writes:
                answer = send(client, world, route, write)
                refused = {403, 404} if route in WRITES else {201, 403}
                assert answer.status_code in refused, (name, route, answer.text)
                assert not leaked(answer, world.secrets[name], world.ids), (name, route)
        assert contents(parts) == before, name


def test_the_same_changes_are_well_formed(world: World, parts: Parts) -> None:
    """They were refused for who asked, not for how."""
    with parts.database.write() as session:
        everybody = create_person(session, "NET", *Role)
    client = browser(world.app, everybody)
    for route, writes in (WRITES | WIDE_WRITES).items():
        for write in writes:
            answer = send(client, world, route, write)
            # The page's own button comes after the API's: the name is cleared already. And the
            # package brings no validation set.
            is_gone = answer.status_code == 404 and route.endswith(GONE)
            assert is_gone or answer.status_code < 400 or answer.status_code in {403, 409}, (
                route,
                answer.text,
            )


def test_a_supplier_submits_for_itself_only(world: World, parts: Parts) -> None:
    before = contents(parts)
    archive = parts.objects.get(world.theirs.version.digest)
    for actor in world.foreign.values():
        answer = browser(world.app, actor).post(
            "/api/v1/versions", content=archive, headers=JSON | {"Content-Type": "application/zip"}
        )
        assert answer.status_code in {403, 422}
    assert contents(parts) == before


def leaked(
    answer: Response, secrets: frozenset[str], asked: dict[str, str] | None = None
) -> set[str]:
    """Which of these the answer names, other than by repeating what it was asked for."""
    repeated = set((asked or {}).values()) if answer.status_code in {403, 404} else set()
    return {secret for secret in secrets - repeated if secret in answer.text}


def test_a_form_of_another_site_is_refused(world: World) -> None:
    client = browser(world.app, world.network.officer)
    client.headers["Origin"] = f"{ORIGIN}.evil.example"
    answer = client.post(f"/alerts/{world.ids['alert_id']}/acknowledge", data=REASON)
    assert answer.status_code == 403
