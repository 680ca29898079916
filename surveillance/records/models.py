"""What each run came to, one row for the run and one for each finding, and the daily counts.

Neither names a patient, study or run: pseudonyms are keyed for surveillance alone, so that nobody
without the installation's key can join these tables to a study (design invariant 8).
"""

import math
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlmodel import Field

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.measures.histogram import Counts
from vigil.kernel.db import Json, Table, enum_type

# The finding key of the row that stands for the run itself, so that "not analysed" is counted.
WHOLE_RUN = "-"
# What the key of a number begins with, where the daily counts are of a number and not of a finding.
FEATURE = "feature:"

SLOT = np.dtype("<i4")
_INVALID = "invalid"
_SHADOW = sa.text("mode = 'shadow'")


def _plain(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else _INVALID


class Slots(sa.types.TypeDecorator[Counts]):
    """Histogram counts as little-endian 32-bit integers: a year of streams is read in one gulp."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> bytes:
        return np.asarray(() if value is None else value, dtype=SLOT).tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Counts:
        return np.frombuffer(value or b"", dtype=SLOT).astype(np.int64)


class Numbers(sa.types.TypeDecorator[Any]):
    """Numbers by name, as JSON; what is no finite number is the word `invalid`, as JSON has none.

    So that it is still counted as such when the record is read again.
    """

    impl = Json
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None else {name: _plain(one) for name, one in value.items()}

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        return {name: math.nan if one == _INVALID else one for name, one in value.items()}


class Score(sa.types.TypeDecorator[float]):
    """A score; what is no finite number is kept as infinity and read back as no number.

    SQLite turns NaN into NULL, which is a score that is missing; infinity every database keeps.
    """

    impl = sa.Float
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return value if value is None or math.isfinite(value) else math.inf

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        return value if value is None or math.isfinite(value) else math.nan


def is_a_number(score: Any) -> Any:
    """Return the condition that a record's score is neither missing nor invalid."""
    return sa.type_coerce(score, sa.Float) < sa.literal(math.inf, sa.Float)


class PredictionRecord(Table, table=True):
    """A run, or one of its findings, as surveillance may know it.

    Attributes:
        patient_pseudonym: tells one patient's images from another's, and no more.
        study_pseudonym: the same for every version that judged the study, within one epoch.
        exam_day: the day the study first arrived; `day` is the one its run was planned on.
        score: None is missing; what is no finite number is invalid, and comes back as NaN.
        attributes: the level on each axis (`surveillance.axes`) that this record counts on.
        features: numbers of the image or the run by name, on the row of the run.
        superseded: a later run of the same study counts instead.
        decision_known_day: the day on which Vigil heard the decision that counts.
        truth: what later turned out to be so; `label_day` is the day that this was said, and
            `truth_known_day` the one from which Vigil knew it of this record.
    """

    __tablename__ = "prediction_record"
    __table_args__ = (
        sa.UniqueConstraint("run_pseudonym", "finding_key"),
        sa.Index("ix_prediction_record_stream", "version_id", "site_id", "finding_key", "day"),
        sa.Index("ix_prediction_record_study", "site_id", "study_pseudonym"),
        # What a candidate said lately, to be compared with the version in use.
        sa.Index(
            "ix_prediction_record_shadow", "day", sqlite_where=_SHADOW, postgresql_where=_SHADOW
        ),
    )
    id: str = Field(primary_key=True)
    run_pseudonym: str
    supersedes_pseudonym: str | None = Field(default=None, index=True)
    superseded: bool = False
    patient_pseudonym: str
    version_id: str = Field(foreign_key="model_version.id")
    site_id: str = Field(foreign_key="site.id")
    deployment_id: str = Field(foreign_key="deployment.id")
    mode: RunMode = Field(sa_type=enum_type(RunMode, "prediction_record_mode"))
    day: date
    finding_key: str
    outcome: Outcome = Field(sa_type=enum_type(Outcome, "prediction_record_outcome"))
    score: float | None = Field(default=None, sa_type=Score)
    flagged: bool | None = None
    attributes: dict[str, str] = Field(sa_type=Json)
    decision: Decision | None = Field(
        default=None, sa_type=enum_type(Decision, "prediction_record_decision")
    )
    study_pseudonym: str | None = None
    exam_day: date | None = None
    features: dict[str, float | None] | None = Field(default=None, sa_type=Numbers)
    truth: bool | None = None
    label_day: date | None = None
    decision_known_day: date | None = None
    truth_known_day: date | None = None


class AggregateDay(Table, table=True):
    """One day of one level: all that alarms are made from, however many predictions there were.

    `id` derives from the other key columns, so that two writers mean the same row. Counts are sums
    of signed changes; `histogram` is on the edges of `reference_id`, and empty without one.

    Attributes:
        decided: decisions on the cases of this day, whenever they came; so are the overrides.
        heard: decisions that became known on this day, of whatever day their cases are: alarms
            count these, as a day that was looked at gets no more of them. `heard_fp` and
            `heard_fn` are the overrides among them.
    """

    __tablename__ = "aggregate_day"
    __table_args__ = (
        sa.Index("ix_aggregate_day_stream", "axis", "version_id", "site_id", "finding_key", "day"),
        sa.Index("ix_aggregate_day_axis_day", "axis", "day"),
    )
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    site_id: str = Field(foreign_key="site.id")
    mode: RunMode = Field(sa_type=enum_type(RunMode, "aggregate_day_mode"))
    finding_key: str
    axis: str
    level: str
    day: date
    reference_id: str | None = Field(default=None, foreign_key="reference.id")
    histogram: Any = Field(sa_type=Slots)
    n: int = 0
    flagged: int = 0
    skipped: int = 0
    failed: int = 0
    no_result: int = 0
    cancelled: int = 0
    shown: int = 0
    decided: int = 0
    override_fp: int = 0
    override_fn: int = 0
    heard: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    heard_fp: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    heard_fn: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Basis(StrEnum):
    """Which day a label counts on: the study's own, or the one on which Vigil came to know it."""

    EXAM = "exam"
    LABEL = "label"


class TruthDay(Table, table=True):
    """One day of one level among the labelled: what sensitivity, area and calibration are from.

    Attributes:
        told_day: on the basis of the label, the day that labels are dated. What comes to be known
            on one day may be a table of a month, and to a detector a month is thirty days.
        positives: the scores of those with the finding, on the edges of `reference_id`.
        negatives: the same of those without.
        claimed: how many scores were probabilities.
        claim_sum: the sum of those, in millionths: whole numbers add up in any order.
        brier_sum: the sum of their squared distances from the truth, in millionths.
    """

    __tablename__ = "truth_day"
    __table_args__ = (
        sa.Index(
            "ix_truth_day_stream",
            "basis",
            "axis",
            "version_id",
            "site_id",
            "finding_key",
            "day",
        ),
    )
    id: str = Field(primary_key=True)
    basis: Basis = Field(sa_type=enum_type(Basis, "truth_day_basis"))
    version_id: str = Field(foreign_key="model_version.id")
    site_id: str = Field(foreign_key="site.id")
    mode: RunMode = Field(sa_type=enum_type(RunMode, "truth_day_mode"))
    finding_key: str
    axis: str
    level: str
    told_day: date | None = None
    day: date
    reference_id: str | None = Field(default=None, foreign_key="reference.id")
    positives: Any = Field(sa_type=Slots)
    negatives: Any = Field(sa_type=Slots)
    tp: int = 0
    fp: int = 0
    tn: int = 0
    fn: int = 0
    claimed: int = 0
    claim_sum: int = Field(default=0, sa_type=sa.BigInteger)
    brier_sum: int = Field(default=0, sa_type=sa.BigInteger)
