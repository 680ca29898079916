"""A gap as one flat row, for JSON, CSV and the command line. A withheld one has no numbers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from model_registry.versions.models import ModelVersion
from surveillance.axes import ALL
from surveillance.fairness import sentences
from surveillance.fairness.counting import SITE
from surveillance.fairness.kinds import Against, Measure, Verdict
from surveillance.fairness.service import Found
from surveillance.names import finding_name
from surveillance.records.models import WHOLE_RUN
from surveillance.words import axis_name

NOT_NAMED: Final[Mapping[str, str]] = MappingProxyType({})


class GapRow(BaseModel):
    """One gap: `level` less `other`, which is empty for all the other levels together.

    Numbers and verdict are null where they are withheld. `excluded`: larger gaps do not fit the
    data. `more`: about how many more cases of the level would tell. `effect`: the gap where like is
    compared with like on `mix_axis`; it has a p where the mix hides it.
    """

    finding_key: str
    measure: Measure
    axis: str
    level: str
    against: Against
    other: str
    withheld: bool
    verdict: Verdict | None
    n: int | None
    n_other: int | None
    value: float | None
    value_other: float | None
    gap: float | None
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    tolerated: float
    excluded: float | None
    more: int | None
    trend: float | None
    trend_low: float | None
    trend_high: float | None
    mix_axis: str | None
    mix: float | None
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    effect_p_adjusted: float | None
    sentence: str


def of(version: ModelVersion, found: Found) -> GapRow:
    gap, is_shown = found.gap, not found.withheld
    contrast = gap.contrast
    interval = gap.interval if is_shown else None
    slope = found.course.trend.slope if found.course and found.course.trend else None
    mixed = found.mix
    told = found.explained[0] if found.explained else None
    return GapRow(
        finding_key=contrast.finding_key,
        measure=contrast.measure,
        axis=contrast.axis,
        level=contrast.level,
        against=contrast.against,
        other=contrast.other,
        withheld=found.withheld,
        verdict=gap.verdict if is_shown else None,
        n=contrast.one.cases if is_shown else None,
        n_other=contrast.two.cases if is_shown else None,
        value=contrast.one.value if is_shown else None,
        value_other=contrast.two.value if is_shown else None,
        gap=interval.estimate if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        p=gap.p if is_shown else None,
        p_adjusted=gap.adjusted if is_shown else None,
        tolerated=contrast.margins.tolerated,
        excluded=gap.excluded if is_shown else None,
        more=gap.more if is_shown else None,
        trend=slope.estimate if slope else None,
        trend_low=slope.low if slope else None,
        trend_high=slope.high if slope else None,
        mix_axis=mixed.axis if mixed else told.axis if told else None,
        mix=mixed.mix.estimate if mixed else told.mix if told else None,
        effect=mixed.effect.estimate if mixed else None,
        effect_low=mixed.effect.low if mixed else None,
        effect_high=mixed.effect.high if mixed else None,
        effect_p_adjusted=found.behind,
        sentence=said(version, found),
    )


def said(version: ModelVersion, found: Found, sites: Mapping[str, str] = NOT_NAMED) -> str:
    """Return all that is known of a gap, as people call its groups; `sites` are names by id."""
    contrast = found.gap.contrast
    name = subject(version, contrast.finding_key)
    if found.withheld:
        return f"{name}: {sentences.WITHHELD}"
    group = spoken(contrast.axis, contrast.level, sites)
    other = spoken(contrast.axis, contrast.other, sites) if contrast.other else "all others"
    told = [f"{name}: {sentences.of_gap(found.gap, group, other)}"]
    if found.mix is not None and found.behind is not None:
        axis = axis_name(found.mix.axis)
        told.append(sentences.of_hidden(found.mix, axis, found.behind))
    elif found.mix is not None:
        told.append(sentences.of_mix(found.mix, axis_name(found.mix.axis)))
    if found.explained:
        told.append(sentences.of_change(found.explained[0], axis_name(found.explained[0].axis)))
    if found.course is not None:
        told.append(sentences.of_course(found.course))
    return " ".join(told)


def subject(version: ModelVersion, finding_key: str) -> str:
    return "Runs" if finding_key == WHOLE_RUN else finding_name(version, finding_key)


def spoken(axis: str, level: str, sites: Mapping[str, str] = NOT_NAMED) -> str:
    if axis == ALL:
        return "all cases"
    return f"site {sites.get(level, level)}" if axis == SITE else f"{axis_name(axis)} {level}"
