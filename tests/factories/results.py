"""Reports and kept results for tests, and what independent programs say of them."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from factories.identity import SETUP
from factories.runs import PNEUMONIA, PNEUMOTHORAX, chest_radiograph

from inference.results import service
from inference.results.models import Result
from inference.results.report import Image, Product, Report, ReportedFinding
from inference.results.source import Source
from inference.runs.models import Outcome, Run
from vigil.kernel.parts import Parts

PRODUCT = Product(
    name="cxr-pneumonia",
    version="1.0.0",
    supplier="ACME Société",
    digest="ab" * 32,
    udi="(01)05060000000001",
    qualification="PRODUCT",
)


def make_report(source: Source | None = None, **changes: Any) -> Report:
    """A report on a real radiograph: pneumonia flagged, pneumothorax not."""
    source = source or Source.of(chest_radiograph())
    image = Image.of(source)
    outcome = changes.pop("outcome", Outcome.SUCCEEDED)
    succeeded = outcome is Outcome.SUCCEEDED
    facts: dict[str, Any] = {
        "run_id": "run_01kavq3m5hf2t8w0c6n9d4xyzr",
        "product": PRODUCT,
        "outcome": outcome,
        "reason": None if succeeded else "patient_age unknown",
        "findings": make_findings(image) if succeeded else (),
        "source": source,
        "images": (image,),
        "finished_at": datetime(2026, 7, 1, 12, 30, 15, tzinfo=UTC),
    }
    return Report(**(facts | changes))


def make_findings(image: Image, **changes: Any) -> tuple[ReportedFinding, ...]:
    facts = (("pneumonia", PNEUMONIA, 0.8123456), ("pneumothorax", PNEUMOTHORAX, 0.02))
    return tuple(
        ReportedFinding(
            key=key,
            name=code["meaning"],
            code=code,
            score=changes.get("score", score),
            threshold=0.62,
            flagged=score >= 0.62,
            sop_instance_uid=image.sop_instance_uid,
        )
        for key, code, score in facts
    )


def keep_result(parts: Parts, run: Run) -> Result:
    """The one result of a committed run, kept."""
    made = service.make(parts, SETUP, run.id)
    with parts.database.write() as session:
        return service.keep(session, SETUP, run.id, made)[0]


def iod_errors(data: bytes, folder: Path) -> list[str]:
    """What dicom3tools' validator calls an error."""
    path = folder / "result.dcm"
    path.write_bytes(data)
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False)
    lines = said.stderr.decode(errors="replace").splitlines()
    assert lines, "dciodvfy said nothing at all"
    return [line for line in lines if line.startswith("Error")]
