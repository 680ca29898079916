"""A hospital with a live model, cameras and a PACS, and Vigil's own processes to kill."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factories import packages
from factories.engine import until
from factories.identity import SETUP
from factories.keys import trust_signing_key
from factories.nodes import create_node
from factories.pacs import PACS, answers
from factories.safety import Cast, create_cast, sign_everything

from inference.routing import service as routing
from inference.routing.rules import Rule
from inference.runtime.golden import PackageRunner
from model_registry.admission import service as admission
from model_registry.approvals import service as approvals
from model_registry.deployments import service as deployments
from model_registry.deployments.models import Deployment, Mode
from model_registry.keys.service import known_keys
from model_registry.versions import service as versions
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion
from transparency_cards.cards import service as cards
from vigil.app.processes import MODULES
from vigil.app.settings import Settings
from vigil.app.wiring import GATES, VERSION_GATES, build_parts
from vigil.kernel.engine import ledger
from vigil.kernel.parts import Parts

ROOT = Path(__file__).parents[2]
# One machine and small studies: what takes minutes in a hospital takes seconds here.
QUICK: dict[str, Any] = {
    "dicom_host": "127.0.0.1",
    "study_quiet_seconds": 0.3,
    "study_open_quiet_seconds": 2.0,
    "delivery_first_delay": 0.3,
    "delivery_max_delay": 2.0,
    "delivery_timeout": 10.0,
    "dead_after_seconds": 2.0,
}


@dataclass(frozen=True)
class Hospital:
    """A site that is connected and has one version live, and maybe another one in shadow."""

    parts: Parts
    settings: Settings
    site_id: str

    @property
    def temporary(self) -> Path:
        """Where the processes put what they need for a moment."""
        return self.settings.data_dir / "tmp"

    @property
    def environment(self) -> dict[str, str]:
        """The settings as a process of Vigil's reads them."""
        values = self.settings.model_dump(exclude_none=True, exclude={"database_url"})
        named = {f"VIGIL_{name.upper()}": str(value) for name, value in values.items()}
        path = os.pathsep.join(str(ROOT / part) for part in (".", "platform"))
        return {
            **os.environ,
            **named,
            "VIGIL_DATABASE_URL": self.settings.database,
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": path,
        }

    @contextmanager
    def process(self, role: str, **changes: object) -> Iterator["subprocess.Popen[bytes]"]:
        """Run one process of Vigil's, and end it however the test ends."""
        changed = {f"VIGIL_{name.upper()}": str(value) for name, value in changes.items()}
        with (self.settings.data_dir / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULES[role]],
                env=self.environment | changed,
                stdout=log,
                stderr=log,
            )
        try:
            if role == "dicom":
                until(lambda: answers(self.settings.dicom_port), 90)
            yield process
        finally:
            process.kill()
            process.wait()

    def log(self, role: str) -> str:
        return (self.settings.data_dir / f"{role}.log").read_text()


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def open_hospital(
    settings: Settings,
    *,
    pacs_port: int,
    cameras: Sequence[str],
    migrated: Path | None = None,
    shadow: bool = False,
) -> Hospital:
    """Connect a site and bring a model live there, with every gate passed by who must.

    Args:
        settings: of a fresh data folder; the database has the schema, or is made from `migrated`.
        pacs_port: where the site's PACS listens.
        cameras: AE titles that send.
        migrated: a SQLite file with the schema.
        shadow: let a second version run in shadow on every study too.
    """
    (settings.data_dir / "tmp").mkdir(parents=True)
    if migrated is not None:
        shutil.copy(migrated, settings.data_dir / "vigil.sqlite")
    parts = build_parts(settings)
    ledger.prepare(parts.database)
    with parts.database.write() as session:
        cast = create_cast(session)
        for camera in cameras:
            create_node(session, cast.site.id, camera)
        create_node(
            session, cast.site.id, PACS, port=pacs_port, is_source=False, is_destination=True
        )
    labels = ("1.0.0", "1.1.0") if shadow else ("1.0.0",)
    admitted = [_admitted(parts, settings, cast, label) for label in labels]
    deployed = [_deployed(parts, cast, version) for version in admitted]
    _publish_rules(parts, cast)
    _go_live(parts, cast, admitted[0], deployed[0])
    return Hospital(parts, settings, cast.site.id)


def _admitted(parts: Parts, settings: Settings, cast: Cast, label: str) -> ModelVersion:
    archive = packages.signed_archive(version=label)
    with parts.database.write() as session:
        trust_signing_key(session, "ACME")
        version = versions.submit(
            session, cast.submitter, objects=parts.objects, handover=Handover.of(archive)
        )
    runner = PackageRunner(settings)
    with parts.database.read() as session:
        keys = known_keys(session, version.organisation_id)
    verdicts = admission.examine(
        digest=version.digest, runner=runner, objects=parts.objects, keys=keys
    )
    with parts.database.write() as session:
        version = versions.version(session, SETUP, version.id)
        admission.keep(session, SETUP, version=version, verdicts=verdicts)
    return version


def _deployed(parts: Parts, cast: Cast, version: ModelVersion) -> Deployment:
    with parts.database.write() as session:
        return deployments.deploy(
            session, cast.manager, version_id=version.id, site_id=cast.site.id, reason="look first"
        )


def _publish_rules(parts: Parts, cast: Cast) -> None:
    rule = Rule(name="every radiograph", when='modality == "CR"', model="ACME/linear-three")
    with parts.database.write() as session:
        drafted = routing.draft(
            session, cast.manager, site_id=cast.site.id, rules=[rule], reason="go-live"
        )
        routing.publish(
            session, cast.network_officer, revision_id=drafted.id, reason="scope reviewed"
        )


def _go_live(parts: Parts, cast: Cast, version: ModelVersion, deployment: Deployment) -> None:
    with parts.database.write() as session:
        cards.publish(
            session, cast.submitter, parts.objects, version_id=version.id, reason="for the register"
        )
        sign_everything(session, parts.objects, cast, version)
        approvals.approve(
            session, cast.manager, VERSION_GATES, version_id=version.id, reason="case and card read"
        )
        proposed = deployments.request_change(
            session,
            cast.manager,
            GATES,
            deployment_id=deployment.id,
            to_mode=Mode.LIVE,
            reason="shadow went well",
        )
        agreed = deployments.approve_change(
            session, cast.site_officer, GATES, change_id=proposed.change.id, reason="agreed"
        )
        assert agreed.is_applied, agreed.missing
