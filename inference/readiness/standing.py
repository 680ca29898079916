"""How one item stands: rules over facts that were read before. Pure.

Each returns a state with a sentence that says what is the matter and what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from inference.readiness.items import BY_KEY, WARNING, Item, ItemKey

LEAST_RUNS = 100
LEAST_SPAN = timedelta(days=7)
MOST_FAILED = 0.05
_MORE = "and others"
_SHOWN = 3


class State(StrEnum):
    MET = "met"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"

    @property
    def is_lacking(self) -> bool:
        return self is State.MISSING or self is State.EXPIRED


class Paper(NamedTuple):
    """What a piece of evidence says, without the row: a network has thousands of them."""

    id: str
    item: str
    organisation_id: str
    site_id: str | None
    model_id: str | None
    applies: bool
    reference: str
    document_digest: str | None
    document_name: str | None
    valid_from: date
    expires_on: date | None
    reason: str


class Standing(NamedTuple):
    """An item at a site, with what it rests on."""

    item: Item
    state: State
    note: str
    expires_on: date | None = None
    evidence: Paper | None = None


@dataclass(frozen=True)
class NodeFacts:
    """What is known of one peer: the newest of each kind."""

    ae_title: str
    is_source: bool
    is_destination: bool
    echo_at: datetime | None = None
    echo_ok: bool = False
    echo_said: str = ""
    heard_at: datetime | None = None
    study_at: datetime | None = None
    result_at: datetime | None = None


@dataclass(frozen=True)
class ShadowFacts:
    """The newest shadow runs of one version at a site, and when it first and last ran there."""

    runs: int = 0
    failed: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


def echoed(nodes: Sequence[NodeFacts], now: datetime) -> Standing:
    """Every destination must have answered lately: results go to all of them."""
    item, wanted = BY_KEY[ItemKey.ECHO], [node for node in nodes if node.is_destination]
    if not wanted:
        return Standing(item, State.MISSING, "The site has no active destination. Add its archive.")
    silent = [node for node in wanted if node.echo_at is None]
    if silent:
        return Standing(item, State.MISSING, f"Not asked yet: {_named(silent)}. Check now.")
    failed = [node for node in wanted if not node.echo_ok]
    if failed:
        return Standing(item, State.MISSING, failed[0].echo_said)
    oldest = min(node.echo_at for node in wanted if node.echo_at)
    return _lasting(item, oldest, now, "Every destination answered.")


def called(nodes: Sequence[NodeFacts], now: datetime) -> Standing:
    """Every source must have called: by a C-ECHO of its own, or by sending."""
    item, wanted = BY_KEY[ItemKey.HEARD], [node for node in nodes if node.is_source]
    if not wanted:
        return Standing(item, State.MISSING, "The site has no active source. Add one.")
    silent = [node for node in wanted if node.heard_at is None]
    if silent:
        note = f"Never heard of: {_named(silent)}. Have it send a C-ECHO to Vigil."
        return Standing(item, State.MISSING, note)
    oldest = min(node.heard_at for node in wanted if node.heard_at)
    return _lasting(item, oldest, now, "Every source has called.")


def study_arrived(nodes: Sequence[NodeFacts], now: datetime) -> Standing:
    item = BY_KEY[ItemKey.TEST_STUDY]
    at = max((node.study_at for node in nodes if node.study_at), default=None)
    if at is None:
        return Standing(item, State.MISSING, "No study has come yet. Have a source send one.")
    return _lasting(item, at, now, "A source sent a study that Vigil kept.")


def result_taken(nodes: Sequence[NodeFacts], now: datetime) -> Standing:
    item = BY_KEY[ItemKey.RESULT]
    at = max((node.result_at for node in nodes if node.result_at), default=None)
    if at is None:
        note = "No result was delivered yet. The first canary delivers one."
        return Standing(item, State.MISSING, note)
    return _lasting(item, at, now, "A destination took a result.")


def shadow(facts: ShadowFacts | None) -> Standing:
    """Enough runs, over enough days, and few of the newest failed; each lack is named."""
    item = BY_KEY[ItemKey.SHADOW]
    if facts is None or not facts.runs or not facts.first_at or not facts.last_at:
        note = "No shadow run yet. Deploy the version in shadow."
        return Standing(item, State.MISSING, note)
    span, share = facts.last_at - facts.first_at, facts.failed / facts.runs
    lacks = []
    if facts.runs < LEAST_RUNS:
        lacks.append(f"{facts.runs} of {LEAST_RUNS} runs")
    if span < LEAST_SPAN:
        lacks.append(f"{span.days} of {LEAST_SPAN.days} days")
    if share >= MOST_FAILED:
        lacks.append(f"{share:.0%} failed, where less than {MOST_FAILED:.0%} may")
    if lacks:
        return Standing(item, State.MISSING, f"So far {', '.join(lacks)}.")
    note = f"Ran for {span.days} days; of the newest {facts.runs} runs {share:.0%} failed."
    return Standing(item, State.MET, note)


@cache
def signed(key: ItemKey, is_signed: bool) -> Standing:
    """A judgement that the site's officer signed, passed and not stale."""
    if is_signed:
        return Standing(BY_KEY[key], State.MET, "Signed for the version that is meant.")
    note = "Not signed for the version that is meant, or stale."
    return Standing(BY_KEY[key], State.MISSING, note)


def evidenced(item: Item, evidence: Paper | None, today: date) -> Standing:
    if evidence is None:
        return _unrecorded(item)
    if evidence.valid_from > today:
        note = f"{evidence.reference}: valid only from {evidence.valid_from}."
        return Standing(item, State.MISSING, note, evidence.expires_on, evidence)
    return _until(item, evidence.expires_on, today, evidence.reference, evidence)


def waived(item: Item, evidence: Paper, today: date) -> Standing | None:
    """Return the standing of an item that a manager waived; None where the waiver has ended."""
    if evidence.expires_on is not None and evidence.expires_on < today:
        return None
    note = f"Not needed here: {evidence.reason}"
    return Standing(item, State.NOT_APPLICABLE, note, evidence.expires_on, evidence)


@cache
def _unrecorded(item: Item) -> Standing:
    return Standing(item, State.MISSING, f"Nothing recorded. Ask {item.who}.")


def _lasting(item: Item, at: datetime, now: datetime, note: str) -> Standing:
    if item.life is None:
        return Standing(item, State.MET, note)
    ends = at + item.life
    if ends < now:
        return Standing(item, State.EXPIRED, f"{note} That is too long ago.", ends.date())
    # What is asked for again by itself does not warn: it would always be about to expire.
    is_near = ends - now < WARNING < item.life
    return Standing(item, State.EXPIRING if is_near else State.MET, note, ends.date())


def _until(
    item: Item, expires_on: date | None, today: date, note: str, evidence: Paper
) -> Standing:
    if expires_on is None:
        return Standing(item, State.MET, note, None, evidence)
    if expires_on < today:
        return Standing(item, State.EXPIRED, f"{note}: expired.", expires_on, evidence)
    state = State.EXPIRING if expires_on - today <= WARNING else State.MET
    return Standing(item, state, note, expires_on, evidence)


def _named(nodes: Sequence[NodeFacts]) -> str:
    names = [node.ae_title for node in nodes]
    return ", ".join(names[:_SHOWN] + ([_MORE] if len(names) > _SHOWN else []))
