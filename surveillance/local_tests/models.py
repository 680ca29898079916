"""A local acceptance test with its fixed plan, and its cases.

The plan is never changed: what it was signed on is what is in its digest. Cases belong to the site;
they name a study and an image by our own ids, and no person.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from inference.runs.models import Outcome
from vigil.kernel.db import Json, Table, Utc, enum_type


class LocalTestState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Verdict(StrEnum):
    """Too few data to tell is a verdict of its own, and is not a pass."""

    PASSED = "passed"
    FAILED = "failed"
    INSUFFICIENT = "insufficient_data"


class LocalTest(Table, table=True):
    """One test of one configuration at one site.

    Attributes:
        thresholds: the site's own, in place of the supplier's.
        rule: the pass rule (`surveillance.local_tests.rule`), fixed by `rule_digest`.
        intake: what came of each table of labels: counts, and the table's digest.
        studies: how many studies there are to run; counted when the run begins.
        result_digest: the object that holds the result document.
        note: why it failed to run.
    """

    __tablename__ = "local_test"
    __table_args__ = (sa.Index("ix_local_test_configuration", "site_id", "configuration_digest"),)
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    version_digest: str
    thresholds: dict[str, float] = Field(default_factory=dict, sa_type=Json)
    configuration_digest: str
    title: str
    rule: dict[str, Any] = Field(sa_type=Json)
    rule_digest: str
    intake: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    state: LocalTestState = Field(
        default=LocalTestState.PLANNED, sa_type=enum_type(LocalTestState, "local_test_state")
    )
    planned_by: str
    planned_at: datetime = Field(sa_type=Utc)
    studies: int = 0
    started_by: str | None = None
    started_at: datetime | None = Field(default=None, sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    result_digest: str | None = None
    verdict: Verdict | None = Field(default=None, sa_type=enum_type(Verdict, "local_test_verdict"))
    acceptance_id: str | None = Field(default=None, foreign_key="acceptance.id", index=True)
    note: str | None = None
    reference_note: str | None = None

    @property
    def passed(self) -> bool | None:
        return None if self.verdict is None else self.verdict is Verdict.PASSED


class LocalTestCase(Table, table=True):
    """What is true of a study, or of one of its images, for one finding; and what the model said.

    Attributes:
        instance_id: the image that the label is of; None where it is of the study.
        outcome: None until the study was run.
        pins: the images that were run, as one digest over their ids and bytes.
        levels: the group on each axis (`surveillance.axes`).
    """

    __tablename__ = "local_test_case"
    __table_args__ = (
        sa.UniqueConstraint("local_test_id", "study_id", "instance_id", "finding_key"),
        sa.Index("ix_local_test_case_study", "local_test_id", "study_id"),
    )
    id: str = Field(primary_key=True)
    local_test_id: str = Field(foreign_key="local_test.id")
    site_id: str = Field(foreign_key="site.id", index=True)
    study_id: str = Field(foreign_key="study.id", index=True)
    instance_id: str | None = Field(default=None, foreign_key="instance.id", index=True)
    finding_key: str
    label: bool
    levels: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    outcome: Outcome | None = Field(
        default=None, sa_type=enum_type(Outcome, "local_test_case_outcome")
    )
    reason: str | None = None
    score: float | None = None
    flagged: bool | None = None
    pins: str | None = None
