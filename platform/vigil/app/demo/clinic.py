"""The clinical part of the loop: images arrive, results come back, readers agree or overrule."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pydicom

from vigil.app.demo import traffic
from vigil.app.demo.client import At, StoryFailed, wait_for
from vigil.app.demo.network import ADULT_SITE, CHILD_SITE, People
from vigil.app.demo.traffic import Batch, Image

# A reader does not answer every result; how many did is the denominator.
READ_AT_MOST = 60
ADULT_AE, CHILD_AE, PACS_AE = "NORTHFIELDCR", "PAEDCR", "DEMOPACS"


@dataclass
class Clinic:
    """Two sites with a machine each and one PACS, as Vigil's other side.

    Attributes:
        sent: what was sent, by SOP Instance UID.
    """

    url: str
    people: People
    dicom_port: int
    pacs_port: int
    pacs_folder: Path
    sent: dict[str, Image] = field(default_factory=dict)

    def connect(self) -> None:
        """Tell Vigil of the machines and of the PACS."""
        manager = At(self.url, self.people.manager)
        for site, machine in ((ADULT_SITE, ADULT_AE), (CHILD_SITE, CHILD_AE)):
            here = {"site": site, "host": "127.0.0.1", "reason": "site connected"}
            manager.post("/nodes", ae_title=machine, port=104, is_source=True, **here)
            manager.post(
                "/nodes", ae_title=PACS_AE, port=self.pacs_port, is_destination=True, **here
            )

    def send(self, site: str, name: str, images: Iterable[Image]) -> None:
        """Send images from a site's machine, and wait until every run of them has ended."""
        batch = Batch(name, site, CHILD_AE if site == CHILD_SITE else ADULT_AE, tuple(images))
        if not batch.images:
            return
        sent = traffic.send(batch, self.dicom_port, "VIGIL")
        if sent.returncode:
            raise StoryFailed(f"{name}: the sender said {sent.stderr.decode(errors='replace')}")
        for image in batch.images:
            header = pydicom.dcmread(image.path, specific_tags=["SOPInstanceUID"])
            self.sent[str(header.SOPInstanceUID)] = image
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is on its way: studies closed, runs ended, results delivered."""
        operator = At(self.url, self.people.manager)

        def still() -> bool | None:
            if operator.get("/studies", state="receiving", limit=1)["items"]:
                return None
            studies = operator.every("/studies", limit=100)
            if sum(study["instances"] for study in studies) < len(self.sent):
                return None
            if any(run["state"] != "finished" for run in operator.every("/runs", limit=100)):
                return None
            waiting = operator.get("/deliveries", state="pending", limit=1)["items"]
            return None if waiting else True

        # To look costs as much as some runs do: seldom, so that these have the machine.
        wait_for("the runs to end", still, seconds=240, every=1.5)

    def runs(self) -> list[dict[str, Any]]:
        return At(self.url, self.people.manager).every("/runs", limit=100)

    def decide(self, site: str) -> int:
        """A reader says of live findings what is true of the image; the first one by the link.

        Returns:
            How many cases were judged: a finding on two images of a study is one.
        """
        reader = At(self.url, self.people.readers[site])
        decided: set[tuple[str, str]] = set()
        for run in reader.every("/runs", outcome="SUCCEEDED", limit=100):
            if run["mode"] == "shadow" or len(decided) >= READ_AT_MOST:
                continue
            for finding in reader.get(f"/runs/{run['id']}")["findings"]:
                image = self.sent.get(finding["sop_instance_uid"])
                if image is None or image.truth is None:
                    continue
                if not decided:
                    self._decide_by_link(reader, run["id"], finding, present=image.truth)
                else:
                    reader.post(f"/findings/{finding['id']}/decisions", present=image.truth)
                decided.add((run["id"], finding["key"]))
        return len(decided)

    def _decide_by_link(
        self, reader: At, run_id: str, finding: dict[str, Any], *, present: bool
    ) -> None:
        """Follow the signed link as a browser without a session would, and press one button."""
        link = reader.get(f"/runs/{run_id}/reading-link")["url"]
        page = httpx.get(link, headers={"Accept": "text/html"}, timeout=30)
        if finding["name"] not in page.text:
            raise StoryFailed("the reader's page does not show the finding")
        answer = httpx.post(
            f"{link}/findings/{finding['id']}",
            data={"present": str(present).lower()},
            headers={"Accept": "text/html"},
            timeout=30,
        )
        if answer.is_error:
            raise StoryFailed(f"the reader's decision was answered {answer.status_code}")

    def received_by_pacs(self) -> list[Path]:
        return [path for path in self.pacs_folder.rglob("*") if path.is_file()]


def right_results(clinic: Clinic, site: str, key: str) -> tuple[int, int]:
    """Count the results of a finding at a site, and those that agree with what is known."""
    reader = At(clinic.url, clinic.people.readers[site])
    results = right = 0
    for run in reader.every("/runs", outcome="SUCCEEDED", limit=100):
        for finding in reader.get(f"/runs/{run['id']}")["findings"]:
            image = clinic.sent.get(finding["sop_instance_uid"])
            if finding["key"] == key and image is not None and image.truth is not None:
                results += 1
                right += finding["flagged"] == image.truth
    return results, right
