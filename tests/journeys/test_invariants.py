"""Invariants of the design (section 2) that hold for the whole of Vigil and not for one noun.

A hospital with real processes gets radiographs of a patient whose every identifier is a word that
occurs nowhere else, some of them broken or hostile; afterwards everything is searched.
"""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from factories.books import Books
from factories.camera import Camera, radiographs
from factories.engine import until
from factories.hospital import QUICK, Hospital, open_hospital
from factories.identity import SETUP
from factories.node import call
from factories.pacs import Pacs, answers
from pydicom.dataset import Dataset
from sqlmodel import select

from inference.associations.models import Association
from inference.decisions.models import ReaderDecision
from inference.delivery.models import Delivery
from inference.node.models import Quarantine
from inference.results.models import Result
from inference.routing.models import RoutingDecision, RoutingRevision
from inference.runs.models import Outcome, Run, RunState
from inference.studies.models import Study
from model_registry.deployments.models import Deployment, DeploymentChange
from model_registry.nodes.models import Node
from model_registry.safety.models import Acceptance, SafetyCase
from model_registry.versions.models import ModelVersion
from transparency_cards.cards.models import Card
from vigil.app.demo.ports import free_ports
from vigil.app.processes import Processes
from vigil.app.settings import Settings
from vigil.kernel.audit import service as audit
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Grant
from vigil.kernel.identity.models import ApiToken, Organisation, Site, User
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.web import assets

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("platform", "model_registry", "inference", "surveillance", "transparency_cards")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
CAMERA = "CRROOM1"
# Who the patient is, in words that stand nowhere else.
WHO: dict[str, str] = {
    "PatientName": "Quillzar^Ondrine",
    "PatientID": "QZX9434765919",
    "PatientBirthDate": "19310417",
    "OtherPatientNames": "Vexmoor^Ondrine",
    "PatientAddress": "7 Wyrmglen Row",
    "PatientComments": "Fenwicket remark",
    "AccessionNumber": "ACQZX7731",
    "ReferringPhysicianName": "Drumblane^Refer",
    "StudyID": "STQZX88",
    "StudyDescription": "Brackenfold view",
    "InstitutionName": "Hollowmere Ward",
    "ProtocolName": "Thistlebeck",
}
SECRETS = sorted(
    {part for text in WHO.values() for part in re.split(r"[\^ ]", text) if len(part) > 5}
)
HOSTILE = {
    "ManufacturerModelName": "<script>alert(1)</script>",
    "BodyPartExamined": "'; DROP TABLE run;--",
    "Manufacturer": "{{ 7*7 }}$(touch pwned)",
}
HTML = {"Accept": "text/html"}


@dataclass
class Scene:
    """A hospital on an evening, after all of its images were dealt with.

    Attributes:
        said: every answer over HTTP, by its address.
    """

    hospital: Hospital
    logs: Path
    said: dict[str, str] = field(default_factory=dict)

    def rows(self, kind: Any) -> list[Any]:
        with self.hospital.parts.database.read() as session:
            return list(session.exec(select(kind)))

    def logged(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in self.logs.iterdir())


def images() -> dict[str, Dataset]:
    """One study of each kind that a hospital sends, well-meant or not."""
    changes: dict[str, dict[str, Any]] = {
        "good": {},
        "child": {"PatientAge": "007Y"},
        "ageless": {"PatientAge": ""},
        "unreadable": {"SamplesPerPixel": 2},
        "hostile": HOSTILE,
        "oldest": {"PatientAge": "103Y"},
        "not routed": {"Modality": "OT"},
    }
    made = {}
    for number, (name, change) in enumerate(changes.items()):
        [data_set] = radiographs(number, 1, random.Random(number))
        for keyword, value in (WHO | change).items():
            setattr(data_set, keyword, value)
        made[name] = data_set
    return made


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("evening")
    http_port, dicom_port, pacs_port = free_ports(3)
    settings = Settings(
        data_dir=folder / "data",
        assets_dir=folder / "assets",
        http_port=http_port,
        dicom_port=dicom_port,
        log_level="debug",
        **QUICK,
    )
    assets.build(folder / "assets")
    pacs = Pacs(pacs_port)
    hospital = open_hospital(
        settings, pacs_port=pacs_port, cameras=[CAMERA], migrated=migrated_sqlite
    )
    scene = Scene(hospital, folder / "logs")
    with ExitStack() as running:
        running.callback(hospital.parts.database.dispose)
        running.enter_context(pacs.up())
        running.enter_context(Processes(environment=hospital.environment, logs=scene.logs))
        until(lambda: answers(http_port) and answers(dicom_port), 90)
        send_everything(hospital)
        ask_everything(scene)
        yield scene


def send_everything(hospital: Hospital) -> None:
    port = hospital.settings.dicom_port
    camera, made = Camera(CAMERA, port), images()
    for data_set in made.values():
        camera.send([data_set])
    assert not camera.failed
    # Other bytes under a UID that is known, and a caller that nobody knows.
    impostor = made["good"]
    impostor.PatientComments = "Fenwicket remark again"
    Camera(CAMERA, port, patience=0.1).send([impostor])
    call(port, calling="STRANGER").kill()
    until(lambda: Books(hospital).drained(len(made)), 90)


def token_for(hospital: Hospital, role: Role) -> str:
    email = f"{role.value}.evening@rxx.example"
    with hospital.parts.database.write() as session:
        identity.create_user(
            session,
            SETUP,
            organisation_code="RXX",
            email=email,
            name=f"A {role.value}",
            password="correct horse battery staple",  # noqa: S106 - of nobody
            roles=[Grant(role)],
        )
        _, token = identity.issue_token(
            session,
            SETUP,
            email=email,
            name="test",
            scopes=list(Permission),
            life=timedelta(days=1),
        )
    return token


def ask_everything(scene: Scene) -> None:
    """Look at every page and list that a reader, an auditor and a stranger may see."""
    url = scene.hospital.settings.url
    reader, auditor = (token_for(scene.hospital, role) for role in (Role.READER, Role.AUDITOR))
    paths = [
        "/", "/studies", "/runs", "/alerts", "/reports", "/audit", "/models", "/metrics",
        "/api/v1/studies", "/api/v1/runs", "/api/v1/deliveries", "/api/v1/audit/events",
        "/studies/std_none", "/runs/run_none", "/runs?outcome=QZX", "/api/v1/runs?limit=QZX",
        "/api/v1/surveillance/streams", "/nowhere", "/read/no-token", "/register",
    ]  # fmt: skip
    for run in scene.rows(Run):
        paths += [f"/runs/{run.id}", f"/api/v1/runs/{run.id}", f"/studies/{run.study_id}"]
        paths += [f"/api/v1/routing/decisions?study_id={run.study_id}"]
    with httpx.Client(base_url=url, timeout=30) as http:
        for holder, token in (("reader", reader), ("auditor", auditor), ("nobody", "")):
            sent = {"Authorization": f"Bearer {token}"} if token else {}
            for path in paths:
                accept = {"Accept": "application/json"} if "/api/" in path else HTML
                answer = http.get(path, headers=sent | accept)
                assert answer.status_code < 500, f"{path}: {answer.text}"
                scene.said[f"{holder} {answer.status_code} {path}"] = answer.text
        succeeded = next(run for run in scene.rows(Run) if run.outcome is Outcome.SUCCEEDED)
        sent = {"Authorization": f"Bearer {reader}"}
        link = http.get(f"/api/v1/runs/{succeeded.id}/reading-link", headers=sent).json()["url"]
        scene.said["link"] = http.get(link, headers=HTML).text
        findings = http.get(f"/api/v1/runs/{succeeded.id}", headers=sent).json()["findings"]
        decided = http.post(f"{link}/findings/{findings[0]['id']}", data={"present": "true"})
        assert decided.status_code < 400


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


# 1 and 2: no study is lost, nothing is silently skipped


def test_every_study_has_a_decision_and_what_was_sent_an_outcome(scene: Scene) -> None:
    studies = {study.id for study in scene.rows(Study)}
    decided = {row.study_id for row in scene.rows(RoutingDecision)}
    sent = {row.study_id for row in scene.rows(RoutingDecision) if row.sent}
    runs = scene.rows(Run)

    assert len(studies) == len(images())
    assert decided == studies
    assert {run.study_id for run in runs} == sent
    assert all(run.state is RunState.FINISHED and run.outcome for run in runs)


def test_whatever_was_not_analysed_says_why_and_is_counted(scene: Scene) -> None:
    without = [run for run in scene.rows(Run) if run.outcome is not Outcome.SUCCEEDED]
    metrics = scene.said["nobody 200 /metrics"]

    outcomes = sorted(str(run.outcome) for run in without)
    assert outcomes == ["FAILED", "SKIPPED", "SKIPPED"]
    assert all(run.reason for run in without)
    assert 'vigil_runs{mode="live",outcome="skipped"} 2.0' in metrics
    assert 'vigil_runs{mode="live",outcome="failed"} 1.0' in metrics
    listed = scene.said["reader 200 /runs"]
    assert "patient_age 0 to 9" in listed
    not_sent = [row for row in scene.rows(RoutingDecision) if not row.sent]
    assert [row.reason for row in not_sent] == ["no instance satisfies the rule: modality = OT"]


def test_a_result_is_delivered_for_nothing_found_and_for_not_analysed(scene: Scene) -> None:
    runs = {run.id for run in scene.rows(Run)}

    assert {result.run_id for result in scene.rows(Result)} == runs
    assert {delivery.run_id for delivery in scene.rows(Delivery)} == runs


# 3: a run pins everything


def test_every_run_pins_what_it_was_made_of(scene: Scene) -> None:
    for run in scene.rows(Run):
        assert re.fullmatch(r"[0-9a-f]{64}", run.version_digest)
        assert re.fullmatch(r"[0-9a-f]{64}", run.preprocessing_digest)
        assert run.routing_revision_id
        assert run.deployment_revision > 0
        assert all(set(pin) == {"instance_id", "sop_instance_uid", "digest"} for pin in run.inputs)
        if run.outcome is Outcome.SUCCEEDED:
            assert {"onnxruntime", "provider"} <= set(run.runtime)
            assert run.outputs_digest


# 8: surveillance knows no patient; identifiers never reach logs, lists, metrics or errors


def test_the_identifiers_that_are_searched_for_did_arrive(scene: Scene) -> None:
    objects = scene.hospital.parts.objects
    [run, *_] = scene.rows(Run)
    received = objects.get(run.inputs[0]["digest"]).decode("latin-1")

    assert set(SECRETS) <= set(leaks(received))


def test_no_log_line_holds_an_identifier(scene: Scene) -> None:
    logged = scene.logged()

    assert "listening" in logged
    assert leaks(logged) == []


def test_every_log_line_is_json(scene: Scene) -> None:
    lines = [line for line in scene.logged().splitlines() if line.strip()]

    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_no_answer_holds_an_identifier(scene: Scene) -> None:
    found = {place: leaks(text) for place, text in scene.said.items()}

    assert {place: secrets for place, secrets in found.items() if secrets} == {}


def test_no_row_of_any_table_holds_an_identifier(scene: Scene) -> None:
    """Bytes are in the object store; the database never learns who the patient is."""
    engine = scene.hospital.parts.database.engine
    found = {}
    for name in sa.inspect(engine).get_table_names():
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()  # noqa: S608 - a table's own name
        if secrets := leaks(repr(rows)):
            found[name] = secrets

    assert found == {}


def test_no_file_is_named_after_a_patient(scene: Scene) -> None:
    names = [str(path) for path in scene.hospital.settings.data_dir.rglob("*")]

    assert leaks("\n".join(names)) == []


def test_surveillance_cannot_be_joined_to_a_study_or_run(scene: Scene) -> None:
    engine = scene.hospital.parts.database.engine
    known = {run.id for run in scene.rows(Run)}
    for study in scene.rows(Study):
        known |= {study.id, study.study_instance_uid, study.patient_pseudonym}
    with engine.connect() as connection:
        records = connection.execute(sa.text("SELECT * FROM prediction_record")).all()
        days = connection.execute(sa.text("SELECT * FROM aggregate_day")).all()

    assert len(records) >= len(scene.rows(Run))
    text = repr(records) + repr(days)
    assert [one for one in known if one in text] == []


def test_an_age_is_never_told_to_the_year(scene: Scene) -> None:
    reasons = [run.reason or "" for run in scene.rows(Run)]
    reasons += [row.reason for row in scene.rows(RoutingDecision)]

    assert not [text for text in reasons if re.search(r"patient_age (=|\d+(?! (to|or) ))", text)]


# 10: every write names an actor and a reason, in the hash-chained audit


def test_every_thing_in_the_database_was_made_by_a_deed_on_record(scene: Scene) -> None:
    subjects = {event.subject for event in scene.rows(AuditEvent)}
    kinds = (
        Organisation, Site, User, ApiToken, Node, ModelVersion, SafetyCase, Acceptance, Card,
        Deployment, DeploymentChange, RoutingRevision, Association, Study, Run, Result,
        ReaderDecision,
    )  # fmt: skip
    unknown = {
        kind.__tablename__: sorted(row.id for row in scene.rows(kind) if row.id not in subjects)
        for kind in kinds
    }

    assert all(scene.rows(kind) for kind in kinds)
    assert {name: ids for name, ids in unknown.items() if ids} == {}
    # What was put aside is on record with the association that brought it (docs/adr/0009).
    assert {row.association_id for row in scene.rows(Quarantine)} <= subjects


def test_every_deed_names_who_and_why_and_the_chain_holds(scene: Scene) -> None:
    events = scene.rows(AuditEvent)
    with scene.hospital.parts.database.read() as session:
        verdict = audit.verify(session)

    assert verdict.holds
    assert verdict.events == len(events)
    assert [event.tag for event in events if not event.actor_id or not event.reason.strip()] == []
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", event.tag) for event in events)


def test_nobody_can_change_what_is_on_record(scene: Scene) -> None:
    with (
        pytest.raises(sa.exc.DatabaseError),
        scene.hospital.parts.database.engine.begin() as connection,
    ):
        connection.execute(sa.text("DELETE FROM audit_event WHERE sequence = 1"))


# 11: untrusted input never executes


def test_what_a_header_says_is_shown_as_text_and_done_nowhere(scene: Scene) -> None:
    pages = [text for place, text in scene.said.items() if "/studies/" in place]

    assert any("&#39;; DROP TABLE RUN;--" in page for page in pages)
    for text in scene.said.values():
        assert "<script>alert" not in text
    assert scene.rows(Run)
    assert not list(scene.hospital.settings.data_dir.rglob("pwned"))
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "forbidden",
    [
        r"(?<![\w.])eval\(", r"(?<![\w.])exec\(", r"\bimport pickle\b", r"\bpickle\.loads?\(",
        r"shell=True", r"os\.system\(", r"yaml\.load\((?!data, Loader=_PlainLoader\))",
        r"\bmarshal\.", r"allow_pickle=True",
        r"\bautoescape=False", r"\|\s*safe\b",
    ],
)  # fmt: skip
def test_no_source_gives_data_to_an_interpreter(forbidden: str) -> None:
    templates = sorted(
        path for path in ROOT.glob("**/templates/**/*.html") if ".venv" not in path.parts
    )
    guilty = [
        str(path.relative_to(ROOT))
        for path in (*SOURCES, *templates)
        if re.search(forbidden, path.read_text())
    ]

    assert guilty == []


# 7: the database is the one source of truth


def test_a_new_installation_knows_all_from_database_and_objects(
    scene: Scene, tmp_path: Path
) -> None:
    """Another machine with nothing but the two, and the secret, tells the very same story."""
    there = scene.hospital.settings.data_dir
    shutil.copytree(there / "objects", tmp_path / "objects")
    shutil.copy(there / "secret.key", tmp_path)
    with (
        closing(sqlite3.connect(there / "vigil.sqlite")) as source,
        closing(sqlite3.connect(tmp_path / "vigil.sqlite")) as target,
    ):
        source.backup(target)
    run = next(run for run in scene.rows(Run) if run.outcome is Outcome.SUCCEEDED)

    replayed = subprocess.run(
        [sys.executable, "-P", "-m", "vigil.app.cli", "--json", "run", "replay", run.id],
        env=os.environ
        | {
            "VIGIL_DATA_DIR": str(tmp_path),
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "platform")),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout)[0]["identical"] is True
