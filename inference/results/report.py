"""What a result says, free of the database: the run's outcome and findings, and who made them."""

import math
from dataclasses import dataclass
from datetime import datetime

from inference.results.errors import ScoreUnusable
from inference.results.source import Source
from inference.runs.models import Outcome
from vigil.kernel.errors import Fault

DEFAULT_ZONE = "Europe/London"


@dataclass(frozen=True)
class Product:
    """The AI product as the result names it. `digest` is that of the version's package."""

    name: str
    version: str
    supplier: str
    digest: str
    udi: str | None = None
    qualification: str | None = None

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def serial_number(self) -> str:
        """The serial number of a device that exists once per package: the digest's beginning."""
        return self.digest[:16]


@dataclass(frozen=True)
class ReportedFinding:
    key: str
    name: str
    code: dict[str, str]
    score: float
    threshold: float
    flagged: bool
    sop_instance_uid: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.score) and 0 <= self.score <= 1):
            fault = Fault(self.key, "the score is not between 0 and 1", "Correct the package")
            raise ScoreUnusable.because([fault])


@dataclass(frozen=True)
class Image:
    """What a result says of an image that it refers to."""

    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str

    @classmethod
    def of(cls, source: Source) -> "Image":
        return cls(
            source.uid("SeriesInstanceUID"),
            source.uid("SOPClassUID"),
            source.uid("SOPInstanceUID"),
        )


@dataclass(frozen=True)
class Report:
    """Everything that goes into one result object.

    Attributes:
        run_id: every UID follows from it.
        reason: why there is no finding; in words that hold no patient identifier.
        source: the image whose patient and study the result repeats.
        images: all that the run had as input or, where it had none, was planned for.
        supersedes: the run whose result this one replaces in the same study.
        finished_at: the content date and time.
        zone: the zone of the study's own times, where the source does not say.
    """

    run_id: str
    product: Product
    outcome: Outcome
    reason: str | None
    findings: tuple[ReportedFinding, ...]
    source: Source
    images: tuple[Image, ...]
    finished_at: datetime
    supersedes: str | None = None
    zone: str = DEFAULT_ZONE

    @property
    def conclusion(self) -> str:
        """Return the sentence that a PACS without structured display shows."""
        if self.outcome is not Outcome.SUCCEEDED:
            reason = self.reason or "no reason is known"
            return f"NOT ANALYSED by {self.product.title}: {reason}."
        flagged = sorted({finding.name for finding in self.findings if finding.flagged})
        what = f"flagged: {', '.join(flagged)}" if flagged else "nothing flagged"
        return f"Analysed by {self.product.title}: {what}. AI result, not reviewed by a reader."
