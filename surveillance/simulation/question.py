"""What a trial asks: the reference, the tolerances, and over how many streams alarms are shared."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from surveillance.measures.batch_area import TOLERANCE as AREA_TOLERANCE
from surveillance.measures.ranks import CLINICAL_SHIFT
from surveillance.streams.assessment import FLAG_FACTOR, OVERRIDE_FACTOR

MISS_FACTOR = 1.25
CALIBRATION = 0.02
Shift = Annotated[float, Field(gt=0, le=2)]
Factor = Annotated[float, Field(gt=1, le=10)]


class Tolerances(BaseModel):
    """How far each stream may move before it matters."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    shift: Shift = CLINICAL_SHIFT
    flag_factor: Factor = FLAG_FACTOR
    override_factor: Factor = OVERRIDE_FACTOR
    miss_factor: Factor = MISS_FACTOR
    false_alarm_factor: Factor = MISS_FACTOR
    ppv_factor: Factor = MISS_FACTOR
    calibration: Annotated[float, Field(gt=0, le=0.5)] = CALIBRATION
    area: Annotated[float, Field(gt=0, le=0.5)] = AREA_TOLERANCE


class Question(BaseModel):
    """A trial on a table.

    Attributes:
        reference_rows: how many of each stream's first rows are its reference; by default 5,000, or
            a third of them where there are fewer than 15,000.
        among: over how many streams the installation shares its false alarms; the table's own are
            counted at least.
        grid: whether to measure false alarms and delays over a grid of tolerances.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    threshold: float | None = None
    reference_rows: Annotated[int, Field(ge=1)] | None = None
    from_day: date | None = None
    axes: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()
    tolerances: Tolerances = Tolerances()
    among: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    grid: bool = True
    replicates: Annotated[int, Field(ge=20, le=2000)] = 200
    seed: Annotated[int, Field(ge=0)] = 0
