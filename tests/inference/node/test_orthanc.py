"""A real Orthanc as the sender: what a hospital's router would do."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from sqlmodel import select

from inference.node.process import DicomNode
from inference.studies import repository as studies
from inference.studies.models import Study
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

pytestmark = pytest.mark.server
READER = system_actor("test")
FILES = ("RG1_UNCR.dcm", "RG3_UNCR.dcm", "MR2_J2KR.dcm")


def _chest_and_others() -> list[bytes]:
    return [Path(str(get_testdata_file(name))).read_bytes() for name in FILES]


def _pixels(data: bytes) -> bytes:
    found: bytes = dcmread(io.BytesIO(data)).PixelData
    return found


def test_what_an_orthanc_sends_arrives_with_every_pixel(
    node: DicomNode, node_parts: Parts, start_orthanc: Callable[..., Any]
) -> None:
    orthanc = start_orthanc(
        DicomAet="MODALITY", DicomModalities={"vigil": ["VIGIL", "127.0.0.1", node.port]}
    )
    rest = httpx.Client(base_url=f"http://127.0.0.1:{orthanc.http_port}", timeout=60)
    with rest:
        sent = [rest.post("/instances", content=data).json()["ID"] for data in _chest_and_others()]
        answer = rest.post("/modalities/vigil/store", json={"Resources": sent})

    assert answer.is_success
    assert answer.json()["FailedInstancesCount"] == 0
    with node_parts.database.read() as session:
        arrived = session.exec(select(Study)).all()
        kept = [one for each in arrived for one in studies.instances(session, READER, each.id)]
    assert {one.sop_instance_uid for one in kept} == set(orthanc.instances())
    assert {one.attributes["modality"] for one in kept} == {"CR", "MR"}
    pixels = {_pixels(node_parts.objects.get(one.digest)) for one in kept}
    assert pixels == {_pixels(data) for data in _chest_and_others()}


def test_an_orthanc_that_is_not_known_is_refused(
    node: DicomNode, start_orthanc: Callable[..., Any]
) -> None:
    orthanc = start_orthanc(
        DicomAet="STRANGER", DicomModalities={"vigil": ["VIGIL", "127.0.0.1", node.port]}
    )

    answer = httpx.post(
        f"http://127.0.0.1:{orthanc.http_port}/modalities/vigil/echo", json={}, timeout=60
    )

    assert answer.status_code == 500
