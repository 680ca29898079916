"""Simulated sites of which the cause of a change is known, counted as Vigil counts them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import ALL
from surveillance.causes import service, sums
from surveillance.causes.evidence import Event, Evidence
from surveillance.causes.movements import movement
from surveillance.causes.ranking import Explanation, explain
from surveillance.measures.ranks import ranks
from surveillance.records.models import SLOT
from surveillance.streams.kinds import StreamKind

START, CHANGE = date(2026, 1, 1), 30
BINS = 20
SITES = ("here", "there", "elsewhere")
Levels = dict[str, NDArray[Any]]


@dataclass
class Cases:
    """A day of one site."""

    levels: Levels
    scores: NDArray[np.float64]
    overridden: NDArray[np.bool_]
    kvp: NDArray[np.float64]


Change = Callable[[Cases, np.random.Generator, str], None]


@dataclass(frozen=True)
class World:
    """A version at three sites, and what changes after 30 days."""

    change: Change
    days: int = 45
    a_day: int = 120
    kind: StreamKind = StreamKind.SCORE
    events: tuple[Event, ...] = ()
    sites: tuple[str, ...] = SITES
    day_effect: float = 0.0

    def explain(self, seed: int) -> Explanation:
        random = np.random.default_rng(seed)
        edges = np.quantile(random.normal(size=5000), np.linspace(0, 1, BINS + 1))
        counted = {site: self._rows(random, site, edges) for site in self.sites}
        here = counted["here"]
        change = START + timedelta(days=CHANGE)
        everybody = [row for row in here if row.axis == ALL and row.finding_key == "f"]
        before = [row.histogram for row in everybody if row.day < change]
        held = ranks(sums.matrix(before, BINS + 4).sum(0))
        of_finding = [row for row in here if row.finding_key == "f"]
        split = sums.split(of_finding, self.kind, held, change)
        whole, by_axis = service._groups(split, self.kind)
        others = [
            r for rows in counted.values() for r in rows if (r.axis, r.finding_key) == (ALL, "f")
        ]
        there = sums.by_site(others, self.kind, held, change)
        kvp = [row for row in here if row.finding_key == "feature:kvp"]
        days = tuple(row.day for row in kvp)
        moved = movement(days, sums.matrix([row.histogram for row in kvp], BINS + 4), change)
        return explain(
            Evidence(
                kind=self.kind,
                change=change,
                whole=whole,
                groups=by_axis,
                elsewhere=service._elsewhere(there, self.kind, "here"),
                scores=service._movement(everybody, change),
                features={"kvp": moved} if moved else {},
                events=self.events,
            )
        )

    def _rows(self, random: np.random.Generator, site: str, edges: Any) -> list[Any]:
        rows: list[Any] = []
        for number in range(self.days):
            cases = _usual(random, self.a_day)
            cases.scores += random.normal(0, self.day_effect) if self.day_effect else 0
            if number >= CHANGE:
                self.change(cases, random, site)
            day = START + timedelta(days=number)
            rows += _counted(cases, day, site, edges)
        return rows


def _usual(random: np.random.Generator, mean: int) -> Cases:
    n = int(random.poisson(mean))
    age = random.choice(["18-39", "40-64", "65-79", "80+"], n, p=[0.3, 0.3, 0.25, 0.15])
    maker = random.choice(["alpha", "beta"], n, p=[0.6, 0.4])
    sex = random.choice(["F", "M"], n)
    levels = {
        "sex": sex,
        "age_band": age,
        "manufacturer": maker,
        "manufacturer_model": np.char.add(maker, random.choice([" 1", " 2"], n)),
        "software_versions": np.char.add(maker, " v1"),
        "view": random.choice(["PA", "AP"], n, p=[0.7, 0.3]),
        "ethnicity": np.full(n, "unknown"),
        "sex*age_band": np.char.add(np.char.add(sex, " "), age),
    }
    older = np.select([age == "18-39", age == "80+"], [-0.6, 0.9], 0.1)
    scores = random.normal(size=n) + older
    return Cases(levels, scores, random.random(n) < 0.05, random.normal(size=n))


def _counted(cases: Cases, day: date, site: str, edges: Any) -> list[Any]:
    # Of other sites only everybody together is looked at.
    by_axis = cases.levels if site == "here" else {}
    levels = {ALL: np.full(len(cases.scores), ALL), **by_axis}
    slots = np.searchsorted(edges, cases.scores, side="right")
    rows = [
        _row(day, site, "f", axis, str(level), slots[of == level], cases.overridden[of == level])
        for axis, of in levels.items()
        for level in np.unique(of)
    ]
    kvp = np.where(np.isnan(cases.kvp), BINS + 2, np.searchsorted(edges, cases.kvp, side="right"))
    return [*rows, _row(day, site, "feature:kvp", ALL, ALL, kvp, cases.overridden)]


def _row(
    day: date, site: str, key: str, axis: str, level: str, slots: Any, overridden: Any
) -> SimpleNamespace:
    n = len(slots)
    return SimpleNamespace(
        site_id=site, finding_key=key, axis=axis, level=level, day=day, reference_id="ref",
        mode="live", histogram=np.bincount(slots, minlength=BINS + 4).astype(SLOT).tobytes(),
        n=n, flagged=int((slots > 15).sum()), skipped=0, failed=0, shown=n, decided=n,
        override_fp=int(overridden.sum()), override_fn=0,
    )  # fmt: skip


def new_scanner(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        new = random.random(len(cases.scores)) < 0.25
        for axis in ("manufacturer", "manufacturer_model", "software_versions"):
            cases.levels[axis] = np.where(new, "gamma", cases.levels[axis])
        cases.scores += np.where(new, 1.0, 0)


def new_software(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        new = cases.levels["manufacturer"] == "beta"
        cases.levels["software_versions"] = np.where(
            new, "beta v2", cases.levels["software_versions"]
        )
        cases.scores += np.where(new, 0.8, 0)


def older_patients(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        young = cases.levels["age_band"] == "18-39"
        turned = young & (random.random(len(young)) < 0.9)
        cases.levels["age_band"] = np.where(turned, "80+", cases.levels["age_band"])
        crossed = np.char.add(np.char.add(cases.levels["sex"], " "), cases.levels["age_band"])
        cases.levels["sex*age_band"] = crossed
        cases.scores += np.where(turned, 1.5, 0)


def everywhere(cases: Cases, random: np.random.Generator, site: str) -> None:
    cases.scores += 0.3


def only_here(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        cases.scores += 0.3


def view_lost(cases: Cases, random: np.random.Generator, site: str) -> None:
    """A scanner loses its view tag; what is made of its images then is another thing."""
    if site == "here":
        lost = random.random(len(cases.scores)) < 0.35
        cases.levels["view"] = np.where(lost, "unknown", cases.levels["view"])
        cases.scores += np.where(lost, 0.8, 0)


def one_group(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        cases.scores += np.where(cases.levels["view"] == "AP", 0.9, 0)


def dose_changed(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        cases.kvp += 0.8
        cases.scores += 0.3


def readers_changed(cases: Cases, random: np.random.Generator, site: str) -> None:
    if site == "here":
        cases.overridden = random.random(len(cases.scores)) < 0.12


def nothing(cases: Cases, random: np.random.Generator, site: str) -> None:
    """Let everything be as it was."""
