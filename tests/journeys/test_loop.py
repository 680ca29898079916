"""The whole loop, from a supplier's folder to a replay, with real processes and real DICOM peers.

DCMTK is the machine that takes the radiograph and Orthanc the archive that keeps the result:
neither shares a line of code with Vigil.
"""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from factories.engine import until
from factories.hospital import Hospital
from factories.pacs import answers
from pydicom.uid import Comprehensive3DSRStorage

from vigil.app.demo import network, traffic
from vigil.app.demo.client import At, wait_for
from vigil.app.demo.clinic import ADULT_AE, PACS_AE, Clinic
from vigil.app.demo.network import ADULT_SITE, People
from vigil.app.demo.ports import free_ports
from vigil.app.demo.registry import CHEST_RULE, VIEW, Evidence, Registry
from vigil.app.processes import Processes
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.audit import service as audit
from vigil.kernel.engine import ledger, status
from vigil.kernel.web import assets

STORESCU = Path("/usr/bin/storescu")
ORTHANC = shutil.which("Orthanc", path=f"{os.environ['PATH']}:/usr/sbin")
# Both would otherwise hold small packets back, and the test with them.
ENVIRONMENT = os.environ | {"TCP_NODELAY": "1"}
HTML = {"Accept": "text/html"}

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Archive:
    """Orthanc, as its REST API shows it."""

    dicom_port: int
    url: str

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", timeout=10).json()

    def received(self) -> dict[str, pydicom.Dataset]:
        """What it lists and hands out, by SOP Instance UID."""
        files = [
            httpx.get(f"{self.url}/instances/{one}/file", timeout=10).content
            for one in self.get("/instances")
        ]
        read = [pydicom.dcmread(io.BytesIO(file)) for file in files]
        return {str(one.SOPInstanceUID): one for one in read}


@dataclass(frozen=True)
class Loop:
    """Vigil and its peers, all of them running."""

    hospital: Hospital
    people: People
    clinic: Clinic
    registry: Registry
    archive: Archive
    images: list[Path]

    def as_manager(self) -> At:
        return At(self.clinic.url, self.people.manager)

    def as_officer(self) -> At:
        return At(self.clinic.url, self.people.officer)

    def as_site_officer(self) -> At:
        """Who works at the site: others are told of whole weeks that are over."""
        return At(self.clinic.url, self.people.site_officers[ADULT_SITE])

    def as_reader(self) -> At:
        return At(self.clinic.url, self.people.readers[ADULT_SITE])

    def vigil(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-P", "-m", "vigil.app.cli", "--json", *words],
            env=self.hospital.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed")
    dicom_port, http_port = free_ports(2)
    folder = tmp_path / "orthanc"
    configuration = tmp_path / "orthanc.json"
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomPort": dicom_port,
        "HttpPort": http_port,
        "DicomAet": PACS_AE,
        "AuthenticationEnabled": False,
        "TcpNoDelay": True,
        "Plugins": [],
    }
    configuration.write_text(json.dumps(settings))
    with subprocess.Popen(
        [ORTHANC, str(configuration)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            until(lambda: answers(dicom_port) and answers(http_port), 90)
            yield Archive(dicom_port, f"http://127.0.0.1:{http_port}")
        finally:
            server.kill()


@pytest.fixture
def loop(tmp_path: Path, migrated_sqlite: Path, archive: Archive) -> Iterator[Loop]:
    if not STORESCU.exists():
        pytest.skip("DCMTK is not installed")
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    shutil.copy(migrated_sqlite, data_dir / "vigil.sqlite")
    assets.build(tmp_path / "assets")
    http_port, dicom_port = free_ports(2)
    settings = Settings(
        data_dir=data_dir,
        assets_dir=tmp_path / "assets",
        http_port=http_port,
        dicom_port=dicom_port,
        dicom_host="127.0.0.1",
        study_quiet_seconds=0.5,
    )
    parts = build_parts(settings)
    ledger.prepare(parts.database)
    people = network.create(parts)
    (tmp_path / "images").mkdir()
    images = [image.path for image in traffic.public_images(tmp_path / "images")]
    clinic = Clinic(settings.url, people, dicom_port, archive.dicom_port, tmp_path / "unused")
    hospital = Hospital(parts, settings, ADULT_SITE)
    with ExitStack() as stack:
        stack.callback(parts.database.dispose)
        stack.enter_context(Processes(environment=hospital.environment, logs=tmp_path / "logs"))
        until(lambda: answers(http_port) and answers(dicom_port), 90)
        registry = Registry(settings.url, people)
        yield Loop(hospital, people, clinic, registry, archive, images)


def in_shadow(loop: Loop) -> tuple[str, str]:
    """A supplier hands in a model; it is checked, signed, routed to and run in shadow."""
    loop.registry.agree_on_key()
    version = loop.registry.submit(VIEW)
    loop.registry.sign_case(VIEW, version)
    loop.clinic.connect()
    deployment = loop.registry.shadow(version, ADULT_SITE)
    rule = {"name": "chests", "when": CHEST_RULE, "model": f"{network.SUPPLIER}/{VIEW}"}
    drafted = loop.as_manager().post(
        "/routing/revisions", site=ADULT_SITE, rules=[rule], reason="go-live"
    )
    loop.as_officer().post(
        f"/routing/revisions/{drafted['id']}/publication", reason="scope reviewed"
    )
    return version, deployment


def store(loop: Loop, image: Path) -> dict[str, Any]:
    """Send a radiograph with DCMTK and return the run that came of it."""
    command = [str(STORESCU), "-aet", ADULT_AE, "-aec", "VIGIL", "127.0.0.1"]
    subprocess.run(
        [*command, str(loop.clinic.dicom_port), str(image)],
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        timeout=30,
    )
    sent = pydicom.dcmread(image, specific_tags=["SOPInstanceUID"])
    loop.clinic.sent[str(sent.SOPInstanceUID)] = traffic.Image(image, truth=False)
    loop.clinic.settle()
    run: dict[str, Any] = loop.clinic.runs()[0]
    return loop_run(loop, run["id"])


def loop_run(loop: Loop, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = loop.as_reader().get(f"/runs/{run_id}")
    return run


def overrule(loop: Loop, run: dict[str, Any]) -> None:
    """The reader follows the signed link without signing in, and says the opposite."""
    [finding] = run["findings"]
    link = loop.as_reader().get(f"/runs/{run['id']}/reading-link")["url"]
    assert finding["name"] in httpx.get(link, headers=HTML, timeout=30).text
    said = httpx.post(
        f"{link}/findings/{finding['id']}",
        data={"present": str(not finding["flagged"]).lower()},
        headers=HTML,
        timeout=30,
        follow_redirects=True,
    )
    assert said.status_code == 200, said.text


def overrides(loop: Loop, version: str, site_id: str) -> dict[str, Any]:
    with loop.hospital.parts.database.read() as session:
        today = session.now().date()
    asked = {"from_day": today - timedelta(days=1), "to_day": today + timedelta(days=1)}
    found: dict[str, Any] = loop.as_site_officer().get(
        "/surveillance/overrides", version_id=version, site_id=site_id, **asked
    )
    return found


def test_from_a_suppliers_folder_to_a_replay(loop: Loop) -> None:
    version, deployment = in_shadow(loop)

    shadow = store(loop, loop.images[0])
    assert (shadow["mode"], shadow["outcome"]) == ("shadow", "SUCCEEDED")
    assert loop.archive.received() == {}

    missing = loop.registry.go_live(version, ADULT_SITE, deployment, Evidence(1, 1), {})
    assert missing, "live was possible before anybody had accepted it"
    live = store(loop, loop.images[1])
    assert (live["mode"], live["outcome"]) == ("live", "SUCCEEDED")
    assert_archived(loop, live, loop.images[1])

    overrule(loop, live)
    counted = wait_for(
        "the override in surveillance",
        lambda: found if (found := overrides(loop, version, live["site_id"]))["decided"] else None,
        30,
    )
    assert counted["override_fp"] + counted["override_fn"] == counted["decided"] == 1

    for run in (shadow, live):
        replayed = loop.vigil("run", "replay", run["id"], "--reason", "an auditor asked")
        assert replayed.returncode == 0, replayed.stderr
        assert json.loads(replayed.stdout)[0] == {
            "run": run["id"],
            "identical": True,
            "largest_difference": 0.0,
            "same_runtime": True,
        }
    assert_public(loop, version)
    with loop.hospital.parts.database.read() as session:
        assert audit.verify(session).holds
        assert status.failed(session) == []


def assert_archived(loop: Loop, run: dict[str, Any], image: Path) -> None:
    """Orthanc lists one SR: of the radiograph's patient and study, and marked as a machine's."""
    source = pydicom.dcmread(image)
    [report] = loop.archive.received().values()
    assert report.SOPClassUID == Comprehensive3DSRStorage
    assert report.Modality == "SR"
    assert report.PatientID == source.PatientID
    assert report.StudyInstanceUID == source.StudyInstanceUID
    assert report.SeriesInstanceUID != source.SeriesInstanceUID
    assert report.VerificationFlag == "UNVERIFIED"
    assert run["findings"][0]["name"] in str(report)
    [listed] = loop.archive.get("/instances")
    tags = loop.archive.get(f"/instances/{listed}/simplified-tags")
    assert tags["SOPInstanceUID"] == report.SOPInstanceUID


def assert_public(loop: Loop, version: str) -> None:
    """Anybody reads in the register that the model is in use there."""
    [card] = httpx.get(f"{loop.clinic.url}/api/v1/cards", timeout=10).json()
    page = httpx.get(f"{loop.clinic.url}/register/{card['id']}", headers=HTML, timeout=10)
    assert card["version_id"] == version
    assert "Northfield Hospital" in page.text
    assert "set-cookie" not in page.headers
