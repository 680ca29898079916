import math
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

import pytest

from surveillance.fairness.contrasts import Contrast, Gap, Side
from surveillance.fairness.kinds import Against, Measure, Verdict
from surveillance.fairness.service import Found
from surveillance.measures.gaps import Estimate, intervals
from surveillance.references.cases import Columns
from surveillance.reports import periods
from surveillance.reports.cases import Cases, FindingRow, RunRow, of_records, of_references
from surveillance.reports.comparison import MOST_COLUMNS, OTHER, compare
from surveillance.reports.figures import Figure, gaps, kept
from surveillance.reports.models import Cadence
from surveillance.reports.rendering import safe

N = 300
RANDOM = Random(4)
SCORES = [RANDOM.random() for _ in range(N)]


def cases(
    scores: Sequence[Any] = SCORES,
    truths: Sequence[Any] | None = None,
    flags: Sequence[Any] | None = None,
    features: dict[str, list[Any]] | None = None,
    **groups: Any,
) -> Cases:
    return Cases(
        scores={"pneumonia": list(scores)},
        truths={"pneumonia": list(truths or [None] * len(scores))},
        flags={
            "pneumonia": list(flags or [score is not None and score >= 0.5 for score in scores])
        },
        features=features or {},
        groups={axis: list(values) for axis, values in groups.items()},
    )


@pytest.mark.parametrize(
    ("now", "before", "why"),
    [
        ([None] * N, SCORES, "not known of any current case"),
        (SCORES, [], "not known of any case of the reference"),
        (SCORES, [0.5] * N, "all cases of the reference are alike, and 300 of 300 differ"),
        ([0.5] * N, [0.5] * N, "all cases of the reference are alike, and so are they now"),
        ([0.5] + [None] * N, SCORES, "known of 1 cases only, 30 are needed"),
    ],
)
def test_a_column_that_would_end_the_report_is_left_out_by_name(
    now: list[Any], before: list[Any], why: str
) -> None:
    found = compare(cases(now), cases(before))
    assert not found.columns
    assert found.left_out["score"].startswith(why)


def test_a_constant_column_against_a_reference_that_varies_is_compared() -> None:
    assert [one.name for one in compare(cases([0.5] * N), cases()).columns] == ["score"]


def test_a_group_that_the_reference_never_saw_is_named_and_compared() -> None:
    now = cases(manufacturer=["alpha"] * 200 + ["new"] * 100)
    found = compare(now, cases(manufacturer=["alpha"] * 150 + ["beta"] * 150))
    assert found.unseen == {"manufacturer": ["new"]}
    column = next(one for one in found.columns if one.name == "manufacturer")
    assert (column.method.method, column.method.threshold) == ("jensenshannon", 0.1)


def test_groups_of_one_and_hundreds_of_levels_are_folded_together() -> None:
    now = cases(manufacturer=[f"scanner {n}" for n in range(N)])
    before = cases(manufacturer=["alpha"] * 200 + [f"old {n}" for n in range(100)])
    found = compare(now, before)
    column = next(one for one in found.columns if one.name == "manufacturer")
    assert len({*column.now, *column.before}) <= 31
    assert OTHER in column.now


def test_one_level_on_both_sides_says_so() -> None:
    found = compare(cases(view=["PA"] * N), cases(view=["PA"] * N))
    assert found.left_out["view"] == "all cases have the same level, in the reference too"


def test_no_number_counts_as_missing_and_is_counted() -> None:
    run = [RunRow(str(n), "SUCCEEDED", {}, {"brightness": math.inf}) for n in range(3)]
    rows = [FindingRow("0", "p", math.nan, False, None), FindingRow("1", "p", 0.5, True, True)]
    found = of_records(run, [*rows, FindingRow("beyond the sample", "p", 0.1, False, None)])
    assert found.scores["p"] == [None, 0.5, None]
    assert found.no_numbers == {"score p": 1, "brightness": 3}


def test_references_of_several_findings_stand_side_by_side() -> None:
    one: Columns = {"score": [0.1, 0.2], "sex": ["F", "M"], "flagged": [False, False]}
    other: Columns = {"score": [0.3], "sex": ["M"], "flagged": [False]}
    found = of_references({"p": one, "q": other}, {"brightness": other})
    assert (found.scores["q"], found.features["brightness"]) == ([0.3], [0.3])
    assert found.groups["sex"] == ["F", "M"]


def test_more_columns_than_a_report_holds_are_named() -> None:
    features = {f"number {n}": SCORES for n in range(MOST_COLUMNS + 5)}
    found = compare(cases(features=features), cases(features=features))
    assert len(found.columns) == MOST_COLUMNS
    assert sum("columns at most" in why for why in found.left_out.values()) == 6


@pytest.mark.parametrize(
    ("truths", "flags", "scores", "why"),
    [
        ([True] * N, None, SCORES, "0 of 30 labelled cases of each kind"),
        (
            [n % 2 == 0 for n in range(N)],
            [n % 3 == 0 for n in range(N)],
            SCORES,
            "flags do not follow one threshold",
        ),
        ([n % 2 == 0 for n in range(N)], None, [s * 9 for s in SCORES], "no probabilities"),
    ],
)
def test_labels_that_cannot_be_judged_are_left_out_by_name(
    truths: list[Any], flags: list[Any] | None, scores: list[float], why: str
) -> None:
    found = compare(cases(scores, truths, flags), cases())
    assert not found.classified
    assert why in found.left_out["classification of pneumonia"]


def test_labels_are_judged_at_the_threshold_that_the_flags_follow() -> None:
    truths = [n % 2 == 0 if n < 200 else None for n in range(N)]
    (found,) = compare(cases(truths=truths), cases()).classified
    assert found.labelled == 200
    assert found.threshold == min(score for score in SCORES if score >= 0.5)


def found_gap(
    finding: str, events: int, n: int, verdict: Verdict, *, withheld: bool = False
) -> tuple[Found, str]:
    one, two = (
        Side(of, of, Estimate.of_share(hit / of, of)) for hit, of in ((events, n), (400, 1000))
    )
    of = Contrast(finding, Measure.FLAG_RATE, "view", "AP", Against.REST, "PA", one, two)
    [interval] = intervals([one.estimate], [two.estimate])  # type: ignore[list-item]
    return Found(Gap(of, verdict, interval, 0.01, 0.1), withheld), f"what is known of {finding}"


def test_gaps_are_those_of_fairness_with_its_verdicts() -> None:
    told = gaps(
        [
            found_gap("x", 200, 300, Verdict.GAP),
            # The widest, of patients who come again: fairness does not say that it is one.
            found_gap("x", 30, 30, Verdict.INSUFFICIENT),
            found_gap("x", 110, 200, Verdict.POSSIBLE),
            found_gap("y", 43, 100, Verdict.INSUFFICIENT),
            found_gap("y", 41, 100, Verdict.NO_GAP),
            found_gap("z", 4, 5, Verdict.GAP, withheld=True),
        ]
    )
    verdicts = [dict(figure.facts)["Verdict"] for figure in told]
    assert verdicts == ["gap", "possible gap", "insufficient data"]
    assert [dict(figure.facts)["What is known"][-1] for figure in told] == ["x", "x", "y"]
    assert told[0].urgency > told[1].urgency > told[2].urgency
    assert told[0].value == pytest.approx(200 / 300 - 0.4)


def test_a_report_holds_the_most_urgent_figures_and_counts_the_rest() -> None:
    many = [Figure("Volume", str(n), 0.0, [], urgency=n) for n in range(250)]
    found, left = kept(many)
    assert (len(found), left, found[0].name) == (200, 50, "249")


def test_what_a_tag_says_cannot_leave_its_text() -> None:
    bad = {"</script><script>alert(1)//": ["A&B \\ `x`", None, 1.5, ("Müller",)]}
    found = safe(bad)
    assert not set('<>&\\`"') & set(str(list(found)) + str(found)[2:-2].replace("'", ""))
    assert next(iter(found.values()))[3] == ["Müller"]


@pytest.mark.parametrize(
    ("cadence", "since", "today", "wanted"),
    [
        (Cadence.WEEKLY, date(2026, 8, 31), date(2026, 9, 6), []),
        (Cadence.WEEKLY, date(2026, 8, 31), date(2026, 9, 7), [date(2026, 8, 31)]),
        (Cadence.WEEKLY, date(2026, 9, 1), date(2026, 9, 7), []),
        (
            Cadence.MONTHLY,
            date(2026, 1, 1),
            date(2026, 3, 31),
            [date(2026, 1, 1), date(2026, 2, 1)],
        ),
        (Cadence.MONTHLY, date(2026, 1, 2), date(2026, 3, 1), [date(2026, 2, 1)]),
    ],
)
def test_only_whole_periods_that_are_over_are_due(
    cadence: Cadence, since: date, today: date, wanted: list[date]
) -> None:
    assert [first for first, _ in periods.over(cadence, since, today)] == wanted


def test_after_a_long_stop_twelve_periods_are_made_up_for() -> None:
    found = periods.over(Cadence.WEEKLY, date(2020, 1, 1), date(2026, 9, 7))
    assert len(found) == 12
    assert found[-1] == (date(2026, 8, 31), date(2026, 9, 6))
