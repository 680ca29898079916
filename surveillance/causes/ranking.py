"""Rank the likely causes of a signal. Pure.

What the groups of cases explain is measured. What they leave is given, in this order, to what
happened at the same time: a change in the registry, inputs that moved, readers or scores; and what
even those leave tells at least where to look: at this site, or at all. A coincidence in time is no
proof, and its sentence says no more than the time.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from surveillance.causes.by_group import of_groups
from surveillance.causes.cause import Cause, CauseKind, clipped, percent
from surveillance.causes.evidence import Elsewhere, Event, EventKind, Evidence
from surveillance.causes.movements import Movement
from surveillance.streams.kinds import StreamKind

READ = frozenset(
    {
        StreamKind.OVERRIDE_RATE,
        StreamKind.OVERRIDE_FP_RATE,
        StreamKind.OVERRIDE_FN_RATE,
        StreamKind.IGNORED_RATE,
        StreamKind.DECISION_TIME,
    }
)
BEFORE_THRESHOLDS = frozenset(
    {StreamKind.SCORE, StreamKind.FEATURE, StreamKind.EMBEDDING, StreamKind.CATEGORY}
)
# A change of half a standard deviation is as much as is looked for.
STRONG = 0.5
HALF_LIFE, NEAR = 3.0, 10
LEAST = 0.05
MISSING_BY = 0.02
# With a wider error nothing can be said of other sites.
KNOWN = 0.5
TWICE = 2.0


@dataclass(frozen=True)
class Explanation:
    """The causes, likeliest first, and the windows they compare.

    Attributes:
        stage: where it begins as far as can be seen: `input`, `output`, `readers` or `unknown`.
        problem: why nothing can be told; empty where something can.
    """

    causes: tuple[Cause, ...]
    stage: str
    before: float | None = None
    since: float | None = None
    n_before: int = 0
    n_since: int = 0
    problem: str = ""


def explain(evidence: Evidence) -> Explanation:
    """Return the likely causes; the last of them is what nothing explains."""
    problem = _problem(evidence)
    grouped = [] if problem or evidence.whole is None else of_groups(evidence.groups)
    rest = 1 - max((cause.share for cause in grouped), default=0.0)
    timed = list(_at_the_same_time(evidence, rest))
    found = [cause for cause in (*grouped, *timed) if cause.share >= LEAST]
    told = [c.share for c in found if c.kind not in {CauseKind.ALL_SITES, CauseKind.ONE_SITE}]
    left = 1 - max(told, default=0.0)
    ranked = sorted(found, key=lambda cause: -cause.sure)
    text = f"{percent(left)} of the change is left by the likeliest single cause."
    nothing = "Nothing that Vigil knows explains the change."
    unexplained = Cause(CauseKind.UNEXPLAINED, left, 0.0, text if told else nothing)
    whole = evidence.whole
    return Explanation(
        causes=(*ranked, unexplained),
        stage=_stage(evidence, ranked),
        before=whole.before.mean if whole and whole.before.n else None,
        since=whole.since.mean if whole and whole.since.n else None,
        n_before=int(whole.before.n) if whole else 0,
        n_since=int(whole.since.n) if whole else 0,
        problem=problem,
    )


def _problem(evidence: Evidence) -> str:
    whole = evidence.whole
    if whole is None:
        return (
            "This stream is no mean of cases, so that groups of cases cannot share in its change."
        )
    if not whole.before.n:
        return "There are no cases from before the change to compare with."
    if not whole.since.n:
        return "There are no cases since the change."
    if whole.error == 0 or abs(whole.change) < TWICE * whole.error:
        return "Before and since the change differ by no more than chance makes."
    return ""


def _at_the_same_time(evidence: Evidence, rest: float) -> Iterator[Cause]:
    common = _common(evidence)
    for cause in (_registry(evidence, common), _protocol(evidence), _reading(evidence)):
        if cause is not None:
            given = rest * cause.share
            yield Cause(
                cause.kind, given, given, cause.sentence, cause.numbers, cause.axis, cause.levels
            )
            rest -= given
    yield from _places(evidence, common, rest)


def _registry(evidence: Evidence, common: float | None) -> Cause | None:
    found = [
        (_weight(event, evidence.kind) * _closeness(event.day, evidence.change), event)
        for event in evidence.events
    ]
    best = max(found, key=lambda each: each[0], default=None)
    if best is None or best[0] < LEAST:
        return None
    weight, event = best
    apart = (event.day - evidence.change).days
    sentence = (
        f"{event.what} on {event.day.day} {event.day:%B %Y}, {_apart(apart)} the change began."
    )
    # What happened at this site alone does not explain what happened at all.
    is_local = event.kind is not EventKind.RUNTIME
    share = weight * (1 - common) if is_local and common is not None else weight
    return Cause(CauseKind.REGISTRY, share, share, sentence, {"days_apart": float(apart)})


def _apart(days: int) -> str:
    if not days:
        return "on the day that"
    return f"{abs(days)} {'day' if abs(days) == 1 else 'days'} {'after' if days > 0 else 'before'}"


def _weight(event: Event, kind: StreamKind) -> float:
    """Return how much of such a stream such a change may move."""
    if event.kind is EventKind.RUNTIME:
        return 1.0
    if event.kind is EventKind.THRESHOLDS:
        return 0.0 if kind in BEFORE_THRESHOLDS else 1.0
    # Other cases come, or other readers see them: what is not the mix of a known axis.
    return 0.5 if kind in BEFORE_THRESHOLDS else 0.8


def _closeness(day: date, change: date) -> float:
    apart = abs((day - change).days)
    return 0.0 if apart > NEAR else math.pow(0.5, apart / HALF_LIFE)


def _protocol(evidence: Evidence) -> Cause | None:
    """Name the feature that moved most, if one moved at about the time."""
    scored = [
        (_strength(moved, evidence.change), name, moved)
        for name, moved in evidence.features.items()
    ]
    best = max(scored, key=lambda each: each[0], default=None)
    if best is None or best[0] < LEAST:
        return None
    strength, name, moved = best
    others = sum(each[0] >= LEAST for each in scored) - 1
    and_others = f" {others} other numbers of the images moved too." if others else ""
    what = name.replace("_", " ")
    if _lost(moved):
        then, now = percent(moved.missing_before), percent(moved.missing_since)
        sentence = f"{what} is missing in {now} of cases; it was in {then}.{and_others}"
        kind = CauseKind.MISSING
    else:
        day = f"{moved.since.day} {moved.since:%B %Y}"
        sentence = f"{what} moved by {moved.shift:+.2f} sd from about {day}.{and_others}"
        kind = CauseKind.PROTOCOL
    numbers: dict[str, float | str] = {"feature": name, "shift_sd": moved.shift, "z": moved.z}
    return Cause(kind, strength, strength, sentence, numbers)


def _strength(moved: Movement, change: date) -> float:
    if _lost(moved):
        return clipped(2 * (moved.missing_since - moved.missing_before))
    if not moved.has_moved or abs((moved.since - change).days) > NEAR:
        return 0.0
    return clipped(abs(moved.shift) / STRONG)


def _lost(moved: Movement) -> bool:
    grown = moved.missing_since - moved.missing_before
    return grown > MISSING_BY and moved.missing_since > 1.5 * moved.missing_before


def _reading(evidence: Evidence) -> Cause | None:
    """Tell readers from scores, of a stream of what readers do."""
    if evidence.kind not in READ or evidence.scores is None:
        return None
    moved = evidence.scores
    strength = clipped(abs(moved.shift) / STRONG) if moved.has_moved else 0.0
    shift = f"{moved.shift:+.2f} sd"
    numbers: dict[str, float | str] = {"score_shift_sd": moved.shift, "z": moved.z}
    if moved.has_moved:
        text = f"The scores moved too, by {shift}: readers may be answering the model's change."
        return Cause(CauseKind.OUTPUT, strength, strength, text, numbers)
    text = f"Readers decide otherwise while the scores stayed ({shift}, less than what counts)."
    return Cause(CauseKind.READERS, 1.0, 1.0, text, numbers)


def _places(evidence: Evidence, common: float | None, rest: float) -> Iterator[Cause]:
    if common is None or evidence.whole is None:
        return
    change = evidence.whole.change
    too = sum(_moved_too(one, change) for one in evidence.elsewhere)
    of = len(evidence.elsewhere)
    numbers: dict[str, float | str] = {"sites_that_moved": float(too), "other_sites": float(of)}
    sites = "1 other site" if of == 1 else f"{of} other sites"
    text = (
        f"The same version moved at {too} of {sites} in the same days, by {percent(common)} as "
        "much on average: look at what all sites share."
    )
    shared = rest * common if too else 0.0
    yield Cause(CauseKind.ALL_SITES, shared, shared, text, numbers)
    here = rest - shared
    text = (
        f"The same version moved at {too} of {sites} in the same days: look at what is "
        "particular to this site."
    )
    yield Cause(CauseKind.ONE_SITE, here, here, text, numbers)


def _common(evidence: Evidence) -> float | None:
    """Return how much of the change other sites share, from 0 to 1; None: not known."""
    if evidence.whole is None or not evidence.elsewhere or _problem(evidence):
        return None
    weights = [1 / one.error**2 for one in evidence.elsewhere]
    change = evidence.whole.change
    if 1 / math.sqrt(sum(weights)) > KNOWN * abs(change):
        return None
    moved = [w * one.change for w, one in zip(weights, evidence.elsewhere, strict=True)]
    return clipped(sum(moved) / sum(weights) / change)


def _moved_too(one: Elsewhere, change: float) -> bool:
    return one.change / change >= KNOWN and abs(one.change) >= TWICE * one.error


def _stage(evidence: Evidence, causes: list[Cause]) -> str:
    """Say where it begins: with what comes in, with what the model makes of it, or with readers."""
    first = causes[0].kind if causes else None
    if first in {CauseKind.MIX, CauseKind.NEW_SCANNER, CauseKind.MISSING, CauseKind.PROTOCOL}:
        return "input"
    if evidence.kind in READ and evidence.scores is not None:
        return "output" if evidence.scores.has_moved else "readers"
    if evidence.kind in {StreamKind.SCORE, StreamKind.FLAG_RATE} and evidence.features:
        return "output" if first is not None else "unknown"
    return "unknown"
