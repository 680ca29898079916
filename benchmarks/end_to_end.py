"""A whole study in, every result recorded, beside the bare time that its model takes.

The deployment is in shadow: findings are recorded, no object is made or sent. What Vigil waits on
purpose before it calls a study complete is taken from its own rows and reported apart.
"""

import itertools
import secrets
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlmodel import col, select

from benchmarks import model, peers
from benchmarks.images import CR, CT, Kind, write
from benchmarks.peers import SITE
from inference.routing import service as routing
from inference.routing.rules import Rule
from inference.runs.models import Run, RunState
from inference.runtime.golden import PackageRunner
from inference.studies.models import Study
from model_registry.admission import service as admission
from model_registry.deployments import service as deployments
from model_registry.keys import service as keys
from model_registry.packages.build import build
from model_registry.packages.signature import new_private_key, public_bytes, sign
from model_registry.versions import service as versions
from model_registry.versions.handover import Handover
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.db import WriteSession
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

SYSTEM = system_actor("benchmark")
QUIET_SECONDS = 0.1
STUDY_SECONDS = 180.0
# Which study, how many images, and what Vigil's design asks for.
STUDIES: tuple[tuple[Kind, int, float], ...] = ((CT, 16, 1.2), (CR, 4, 1.6))


@dataclass(frozen=True)
class Took:
    """The seconds of one study.

    Attributes:
        bare: the model alone, on as many ready tensors.
        total: from the sender's start to the end of the run.
        receiving: of that, until the last image had arrived.
        waiting: of that, until the study was called complete.
        queued: of that, until the run began.
        running: of that, the run itself.
    """

    bare: float
    total: float
    receiving: float
    waiting: float
    queued: float
    running: float

    @property
    def ratio(self) -> float:
        return (self.total - self.waiting) / self.bare


Measured = dict[str, tuple[list[Took], float]]


def measure(folder: Path, *, rounds: int) -> Measured:
    """Send studies of both kinds in turn, after one of each that warms everything up."""
    found: dict[str, list[Took]] = {kind.modality: [] for kind, _, _ in STUDIES}
    bare = model.Bare(model.graph())
    numbers = itertools.count()
    with _installation(folder / "vigil") as (parts, port):
        for round_number in range(rounds + 1):
            for kind, images, _ in STUDIES:
                number = next(numbers)
                files = write(kind, images, folder / f"study{number}", seed=number)
                took = _one(parts, port, bare, files)
                if round_number:
                    found[kind.modality].append(took)
    bars = {f"{images} x {kind.modality}": (kind, bar) for kind, images, bar in STUDIES}
    return {name: (found[kind.modality], bar) for name, (kind, bar) in bars.items()}


def report(measured: Measured) -> str:
    """Return the table in Markdown."""
    rounds = len(next(iter(measured.values()))[0])
    columns = ("total", "receiving", "waiting", "queued", "running", "bare")
    lines = [
        f"Whole study in, findings recorded (shadow), milliseconds, median of {rounds} rounds;",
        f"the ratio leaves out the wait for completeness (quiet timer {QUIET_SECONDS} s)",
        "",
        f"| study | {' | '.join(columns)} | (total - waiting) / bare | bar |",
        f"|---|{'---|' * (len(columns) + 2)}",
    ]
    for name, (took, bar) in measured.items():
        medians = [1000 * statistics.median(getattr(t, c) for t in took) for c in columns]
        ratios = [one.ratio for one in took]
        lines.append(
            f"| {name} | {' | '.join(f'{median:.0f}' for median in medians)} "
            f"| {statistics.median(ratios):.2f} [{min(ratios):.2f} to {max(ratios):.2f}] | {bar} |"
        )
    return "\n".join(lines)


def _one(parts: Parts, port: int, bare: model.Bare, files: Sequence[Path]) -> Took:
    ready = np.zeros((1, 1, model.SIDE, model.SIDE), dtype=np.float32)
    before = time.perf_counter()
    for _ in files:
        bare.run(ready)
    alone = time.perf_counter() - before
    known = _finished(parts)
    began = time.time()
    peers.send(list(files), port, 1)
    run, study = _wait(parts, known)
    marks = [run.finished_at, study.last_arrival_at, study.closed_at, run.started_at]
    finished, arrived, closed, started = (_since(began, mark) for mark in marks)
    return Took(alone, finished, arrived, closed - arrived, started - closed, finished - started)


def _finished(parts: Parts) -> set[str]:
    with parts.database.read() as session:
        done = select(Run.id).where(col(Run.state) == RunState.FINISHED)
        return set(session.exec(done).all())


def _wait(parts: Parts, known: set[str]) -> tuple[Run, Study]:
    deadline = time.monotonic() + STUDY_SECONDS
    while time.monotonic() < deadline:
        new = _finished(parts) - known
        if new:
            with parts.database.read() as session:
                run = session.get_one(Run, new.pop())
                if run.reason is not None:
                    raise RuntimeError(f"the run ended with {run.outcome}: {run.reason}")
                return run, session.get_one(Study, run.study_id)
        time.sleep(0.2)
    raise RuntimeError("the study was not analysed")


def _since(began: float, mark: datetime | None) -> float:
    if mark is None:
        raise RuntimeError("a mark is missing")
    return mark.timestamp() - began


@contextmanager
def _installation(folder: Path) -> Iterator[tuple[Parts, int]]:
    port = peers.free_port()
    settings = peers.settings_for(folder, port, study_quiet_seconds=QUIET_SECONDS)
    parts = build_parts(settings)
    peers.prepare(parts)
    _deploy(parts, settings, folder.parent / "package")
    node = peers.start_role("vigil.app.dicom_node", settings)
    worker = peers.start_role("vigil.app.worker", settings)
    try:
        peers.wait_until_listening(node, port)
        yield parts, port
    finally:
        for process in (node, worker):
            process.terminate()
            process.wait()
        parts.database.dispose()


def _deploy(parts: Parts, settings: Settings, folder: Path) -> None:
    """Submit and admit the model, and let it run in shadow on everything."""
    signing_key = new_private_key()
    archive = build(sign(model.package(folder), signing_key))
    with parts.database.write() as session:
        for code, kind in (
            ("BENCHNET", OrganisationKind.NETWORK),
            (model.SUPPLIER, OrganisationKind.SUPPLIER),
        ):
            identity.create_organisation(session, SYSTEM, ods_code=code, name=code, kind=kind)
        version = versions.submit(
            session, SYSTEM, objects=parts.objects, handover=Handover.of(archive)
        )
        manager = _person(session, Role.NETWORK_MANAGER)
        officer = _person(session, Role.CSO)
        site = identity.site(session, SYSTEM, SITE)
        proposed = keys.propose(
            session,
            SYSTEM,
            public_key=public_bytes(signing_key).hex(),
            label="benchmark",
            reason="benchmark",
            supplier=model.SUPPLIER,
        )
        keys.trust(session, manager, row_id=proposed.id, reason="benchmark")
        known = keys.known_keys(session, version.organisation_id)
    verdicts = admission.examine(
        digest=version.digest,
        runner=PackageRunner(settings),
        objects=parts.objects,
        keys=known,
    )
    with parts.database.write() as session:
        admission.keep(session, SYSTEM, version=version, verdicts=verdicts)
        reason = "benchmark"
        deployments.deploy(session, manager, version_id=version.id, site_id=site.id, reason=reason)
        rule = Rule(name="all", when='modality != ""', model=f"{model.SUPPLIER}/{model.NAME}")
        draft = routing.draft(session, manager, site_id=site.id, rules=[rule], reason=reason)
        routing.publish(session, officer, revision_id=draft.id, reason=reason)


def _person(session: WriteSession, role: Role) -> Actor:
    user = identity.create_user(
        session,
        SYSTEM,
        organisation_code="BENCHNET",
        email=f"{role.value}@bench.example",
        name=role.value,
        password=secrets.token_urlsafe(16),
        roles=[Grant(role)],
        registration_number="0000000",
    )
    return identity.actor_for(session, user)
