"""What the engine would have said of a history, day by day, had it been running. A dry run.

Each day is looked at as on that day: by the families of streams themselves, with the references and
tolerances in force then and no later count. Nothing is written but the result.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from surveillance.measures.ebh import discoveries
from surveillance.simulation.document import figures
from surveillance.streams import service as streams
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.sentences import sentence
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor, system_actor

SCHEMA: Final = "vigil/backfill/v1"
# How many streams share the false alarms is a number of the installation, whoever asks.
EVERYTHING: Final = system_actor("surveillance")
_LOUD: Final = frozenset({Verdict.WATCH, Verdict.ESCALATE})
_NAMES: Final = ("version_id", "site_id", "subject", "kind", "axis", "level")
Seen = dict[str, Any]


def live(session: ReadSession, day: date) -> int:
    """Return how many streams of the installation are judged on a day."""
    return sum(each.is_live for each in streams.assess(session, EVERYTHING, day=day, groups=True))


def look(
    session: ReadSession, actor: Actor, *, version_id: str, site_id: str, day: date, among: int
) -> list[Seen]:
    """Return what every stream of a version at a site says on a day."""
    found = streams.assess(
        session, actor, day=day, version_id=version_id, site_id=site_id, groups=True
    )
    judged = [each for each in found if each.is_live]
    padded = [each.e_value_beyond for each in judged] + [0.0] * max(0, among - len(judged))
    named = dict(zip(map(id, judged), discoveries(padded), strict=False))
    return [_seen(each, day, is_named=named.get(id(each), False)) for each in found]


def gathered(
    seen: Sequence[Seen], *, version_id: str, site_id: str, days: tuple[date, date], among: int
) -> dict[str, Any]:
    """Put the days together, stream by stream."""
    by_stream: dict[tuple[str, ...], list[Seen]] = {}
    for one in seen:
        by_stream.setdefault(tuple(one["stream"]), []).append(one)
    return {
        "schema": SCHEMA,
        "version_id": version_id,
        "site_id": site_id,
        "from_day": days[0].isoformat(),
        "to_day": days[1].isoformat(),
        "among": among,
        "streams": [_stream(name, each) for name, each in sorted(by_stream.items())],
    }


def every_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _seen(found: Assessment, day: date, *, is_named: bool) -> Seen:
    verdict = Verdict.ESCALATE if is_named else found.verdict
    return {
        "stream": list(found.key),
        "day": day.isoformat(),
        "verdict": verdict.value,
        "n": found.n,
        "sentence": sentence(found),
        **figures(found),
    }


def _stream(name: tuple[str, ...], seen: Sequence[Seen]) -> dict[str, Any]:
    in_order = sorted(seen, key=lambda one: str(one["day"]))
    last = in_order[-1]
    watched = _first(in_order, _LOUD)
    escalated = _first(in_order, frozenset({Verdict.ESCALATE}))
    return {
        **dict(zip(_NAMES, name, strict=True)),
        **{key: value for key, value in last.items() if key not in {"stream", "day"}},
        "first_watch": watched["day"] if watched else None,
        "first_watch_sentence": watched["sentence"] if watched else None,
        "first_escalation": escalated["day"] if escalated else None,
        "first_escalation_sentence": escalated["sentence"] if escalated else None,
        "spells": _spells(in_order),
    }


def _first(seen: Sequence[Seen], among: frozenset[Verdict]) -> Mapping[str, Any] | None:
    return next((one for one in seen if Verdict(one["verdict"]) in among), None)


def _spells(seen: Sequence[Seen]) -> list[dict[str, str]]:
    spells: list[dict[str, str]] = []
    for one in seen:
        if spells and spells[-1]["verdict"] == one["verdict"]:
            spells[-1]["to"] = one["day"]
        else:
            spells.append({"verdict": one["verdict"], "from": one["day"], "to": one["day"]})
    return spells
