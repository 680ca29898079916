"""Daily counts of what is not one prediction, and the verdicts of the last daily look.

Deliveries and pairs of versions are made again from their sources for the last days at every look,
so that what comes late counts on its own day, and what is looked at twice counts once.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table


class DeliveryDay(Table, table=True):
    """The deliveries of one version's results at one site that were due on a day.

    Attributes:
        n: deliveries whose study was complete on the day; without those that a person gave up.
        late: those that arrived after the target, and those that have not arrived since.
        dead: those of them that were refused for good or given up.
    """

    __tablename__ = "delivery_day"
    __table_args__ = (sa.UniqueConstraint("version_id", "site_id", "day"),)
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    site_id: str = Field(foreign_key="site.id")
    day: date = Field(index=True)
    n: int
    late: int
    dead: int


class ComparisonDay(Table, table=True):
    """What two versions of one model said of the same studies: the version in use, a candidate.

    Attributes:
        version_id: the candidate, which runs in the shadow.
        champion_id: the version that readers are shown.
        both: studies that both flagged.
    """

    __tablename__ = "comparison_day"
    __table_args__ = (
        sa.UniqueConstraint("version_id", "champion_id", "site_id", "finding_key", "day"),
    )
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    champion_id: str = Field(foreign_key="model_version.id")
    site_id: str = Field(foreign_key="site.id")
    finding_key: str
    day: date = Field(index=True)
    both: int
    only_champion: int
    only_candidate: int
    neither: int


class DayPack(Table, table=True):
    """A month of the daily counts of one version at one site, read at once (`streams.packs`).

    A copy: the rows of `aggregate_day` are the truth. It counts only up to the seal of its place.

    Attributes:
        is_group: of the groups; else of everybody together.
        month: its first day.
    """

    __tablename__ = "day_pack"
    version_id: str = Field(foreign_key="model_version.id", primary_key=True)
    site_id: str = Field(foreign_key="site.id", primary_key=True)
    is_group: bool = Field(primary_key=True)
    month: date = Field(primary_key=True)
    content: bytes


class DaySeal(Table, table=True):
    """The last day that the packs of a version at a site are true for.

    A trigger sets it back when a row of an earlier day changes.
    """

    __tablename__ = "day_seal"
    version_id: str = Field(foreign_key="model_version.id", primary_key=True)
    site_id: str = Field(foreign_key="site.id", primary_key=True)
    sealed_to: date


class StreamSnapshot(Table, table=True):
    """The verdicts on one version at one site, as the last daily look left them.

    Streams are many and judged once a day; a page that judged them anew would be slow.
    """

    __tablename__ = "stream_snapshot"
    version_id: str = Field(foreign_key="model_version.id", primary_key=True)
    site_id: str = Field(foreign_key="site.id", primary_key=True)
    day: date
    streams: list[list[Any]] = Field(sa_type=Json)
