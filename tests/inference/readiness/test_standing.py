"""How one item stands, at every edge."""

from datetime import UTC, date, datetime, timedelta

import pytest

from inference.readiness import standing
from inference.readiness.items import BY_KEY, ITEMS, ItemKey, Kind, Scope
from inference.readiness.standing import NodeFacts, Paper, ShadowFacts, State

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
DPIA = BY_KEY[ItemKey.DPIA]


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def pacs(**facts: object) -> NodeFacts:
    return NodeFacts("PACS", is_source=False, is_destination=True, **facts)  # type: ignore[arg-type]


def modality(name: str = "CR1", **facts: object) -> NodeFacts:
    return NodeFacts(name, is_source=True, is_destination=False, **facts)  # type: ignore[arg-type]


def evidence(expires_on: date | None, valid_from: date = TODAY, *, applies: bool = True) -> Paper:
    return Paper(
        id="evi_1",
        item="dpia",
        organisation_id="org_1",
        site_id=None,
        model_id=None,
        applies=applies,
        reference="IG-1",
        document_digest=None,
        document_name=None,
        valid_from=valid_from,
        expires_on=expires_on,
        reason="because",
    )


@pytest.mark.parametrize(
    ("nodes", "state", "words"),
    [
        ([], State.MISSING, "no active destination"),
        ([modality()], State.MISSING, "no active destination"),
        ([pacs()], State.MISSING, "Not asked yet: PACS"),
        ([pacs(echo_at=ago(hours=1), echo_said="PACS refused.")], State.MISSING, "PACS refused."),
        ([pacs(echo_at=ago(hours=1), echo_ok=True)], State.MET, "answered"),
        ([pacs(echo_at=ago(hours=47), echo_ok=True)], State.MET, "answered"),
        ([pacs(echo_at=ago(hours=49), echo_ok=True)], State.EXPIRED, "too long ago"),
        ([pacs(echo_at=ago(hours=1), echo_ok=True), pacs()], State.MISSING, "Not asked yet"),
    ],
)
def test_every_destination_answered(nodes: list[NodeFacts], state: State, words: str) -> None:
    found = standing.echoed(nodes, NOW)
    assert found.state is state
    assert words in found.note


@pytest.mark.parametrize(
    ("nodes", "state"),
    [
        ([pacs()], State.MISSING),
        ([modality()], State.MISSING),
        ([modality(heard_at=ago(days=29))], State.MET),
        ([modality(heard_at=ago(days=31))], State.EXPIRED),
        ([modality(heard_at=ago(days=1)), modality("CR2")], State.MISSING),
    ],
)
def test_every_source_called(nodes: list[NodeFacts], state: State) -> None:
    assert standing.called(nodes, NOW).state is state


def test_silent_sources_are_named_but_not_all_of_many() -> None:
    many = [modality(f"CR{number}") for number in range(9)]
    assert "CR0, CR1, CR2, and others" in standing.called(many, NOW).note


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (None, State.MISSING), (ago(days=1), State.MET), (ago(days=340), State.EXPIRING),
        (ago(days=366), State.EXPIRED),
    ],
)  # fmt: skip
def test_a_study_and_a_result_hold_for_a_year(at: datetime | None, state: State) -> None:
    assert standing.study_arrived([modality(study_at=at)], NOW).state is state
    assert standing.result_taken([pacs(result_at=at)], NOW).state is state


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "No shadow run yet"),
        (ShadowFacts(), "No shadow run yet"),
        (ShadowFacts(99, 0, ago(days=8), NOW), "99 of 100 runs"),
        (ShadowFacts(500, 0, ago(days=6), NOW), "6 of 7 days"),
        (ShadowFacts(100, 5, ago(days=8), NOW), "5% failed"),
        (ShadowFacts(10, 9, ago(days=1), NOW), "10 of 100 runs, 1 of 7 days, 90% failed"),
    ],
)
def test_each_lack_of_a_shadow_period_is_named(facts: ShadowFacts | None, words: str) -> None:
    found = standing.shadow(facts)
    assert found.state is State.MISSING
    assert words in found.note


def test_enough_shadow_runs_are_enough() -> None:
    assert standing.shadow(ShadowFacts(100, 4, ago(days=7), NOW)).state is State.MET


@pytest.mark.parametrize(
    ("expires_on", "state"),
    [
        (None, State.MET),
        (TODAY - timedelta(days=1), State.EXPIRED),
        (TODAY, State.EXPIRING),
        (TODAY + timedelta(days=30), State.EXPIRING),
        (TODAY + timedelta(days=31), State.MET),
    ],
)
def test_evidence_ends_with_its_last_day(expires_on: date | None, state: State) -> None:
    assert standing.evidenced(DPIA, evidence(expires_on), TODAY).state is state


def test_evidence_that_is_not_valid_yet_is_missing() -> None:
    early = evidence(None, TODAY + timedelta(days=1))
    assert standing.evidenced(DPIA, early, TODAY).state is State.MISSING
    assert "Ask the site" in standing.evidenced(DPIA, None, TODAY).note


def test_a_waiver_ends_too() -> None:
    open_end = standing.waived(DPIA, evidence(None, applies=False), TODAY)
    assert open_end is not None
    assert (open_end.state, open_end.state.is_lacking) == (State.NOT_APPLICABLE, False)
    over = evidence(TODAY - timedelta(days=1), applies=False)
    assert standing.waived(DPIA, over, TODAY) is None


def test_the_table_of_items_is_whole() -> None:
    assert {item.key for item in ITEMS} == set(ItemKey)
    for item in ITEMS:
        assert item.source
        assert item.who
        # The gates of design invariant 5 are nobody's to waive.
        assert item.may_be_waived == (item.key not in {ItemKey.DCB0160, ItemKey.LOCAL_TEST})
    documents = {item.key: item.scope for item in ITEMS if item.kind is Kind.EVIDENCED}
    assert documents == {
        ItemKey.DSPT: Scope.ORGANISATION,
        ItemKey.DTAC: Scope.MODEL,
        ItemKey.DPIA: Scope.SITE_MODEL,
        ItemKey.TRAINING: Scope.SITE_MODEL,
    }
