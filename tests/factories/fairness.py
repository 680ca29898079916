"""A labelled population at a site, in which one group is served worse."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import sqlalchemy as sa
from factories.surveillance import FINDING, START, THRESHOLD, Place

from inference.runs.models import Outcome, RunMode
from surveillance.axes import levels
from surveillance.records import service as records
from surveillance.records.models import WHOLE_RUN, PredictionRecord
from surveillance.records.repository import Scope
from vigil.kernel.db import WriteSession


@dataclass(frozen=True)
class Population:
    """How many patients, and how the model fares with them.

    Attributes:
        missed: the share of AP positives whose score is that of a negative.
        ap_of_old: the share of AP among people of 65 and more; of the others it is a tenth.
        ap_of_men: the share of AP among men, whatever their age; None: as among all.
        missed_women: the share of women's positives that are missed whatever the view.
        rare: how many images come from a scanner that hardly anybody has.
        each: images of each patient.
    """

    patients: int = 1200
    each: int = 1
    missed: float = 0.0
    ap_of_old: float = 0.1
    ap_of_men: float | None = None
    missed_women: float = 0.0
    rare: int = 0
    skipped_ap: float = 0.0
    days: int = 240
    seed: int = 1
    start: date = START


def populate(session: WriteSession, place: Place, of: Population) -> int:
    """Record a population and count it; return how many images it has."""
    random = np.random.default_rng(of.seed)
    many = of.patients * of.each
    rows = []
    for number in range(many):
        patient = number // of.each
        day = of.start + timedelta(days=int(random.integers(0, of.days)))
        rows += _records(session, place, of, random, f"{of.seed}-{number}", patient, day)
    session.execute(sa.insert(PredictionRecord), rows)
    records.rebuild(session, Scope(place.version_id, place.site_id))
    return many


def pseudonym(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


def _records(
    session: WriteSession,
    place: Place,
    of: Population,
    random: np.random.Generator,
    name: str,
    patient: int,
    day: date,
) -> list[dict[str, Any]]:
    age = 70 if patient % 2 else 30
    is_woman = bool(patient % 3)
    share = of.ap_of_old if age > 65 else 0.1
    if of.ap_of_men is not None and not is_woman:
        share = of.ap_of_men
    is_ap = random.random() < share
    maker = "Rare" if int(name.split("-")[1]) < of.rare else "Alpha"
    known = {
        "patient_sex": "F" if is_woman else "M",
        "patient_age": age,
        "manufacturer": maker,
        "view": "AP" if is_ap else "PA",
    }
    is_skipped = is_ap and random.random() < of.skipped_ap
    truth = bool(random.random() < 0.3)
    seen = truth and not (is_ap and random.random() < of.missed)
    seen = seen and not (is_woman and random.random() < of.missed_women)
    score = float(np.clip(random.normal(0.8 if seen else 0.4, 0.12), 0, 1))
    whole = _record(session, place, name, patient, day, known, WHOLE_RUN)
    if is_skipped:
        return [whole | {"outcome": Outcome.SKIPPED}]
    one = _record(session, place, name, patient, day, known, FINDING)
    told = {"score": score, "flagged": score >= THRESHOLD - 0.1, "truth": truth, "label_day": day}
    return [whole, one | told]


def _record(
    session: WriteSession,
    place: Place,
    name: str,
    patient: int,
    day: date,
    known: Mapping[str, object],
    finding: str,
) -> dict[str, Any]:
    return {
        "id": session.new_id("rec"),
        "run_pseudonym": pseudonym(f"run {place.site_id} {name}"),
        "patient_pseudonym": pseudonym(f"{place.site_id} {patient}"),
        "study_pseudonym": pseudonym(f"study {place.site_id} {name}"),
        "version_id": place.version_id,
        "site_id": place.site_id,
        "deployment_id": place.deployment_id,
        "mode": RunMode.LIVE,
        "day": day,
        "exam_day": day,
        "finding_key": finding,
        "outcome": Outcome.SUCCEEDED,
        "attributes": levels(known),
        "superseded": False,
        "score": None,
        "flagged": None,
        "truth": None,
        "label_day": None,
    }
