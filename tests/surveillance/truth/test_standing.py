"""Whatever the order that labels arrive in, the same one stands."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from surveillance.truth.judging import Book, KnownStudy, Statement, judge, read
from surveillance.truth.lines import Line
from surveillance.truth.standing import Told, standing
from surveillance.truth.verdicts import Verdict

DAY = date(2026, 9, 1)
STUDY = KnownStudy("pseudonym", DAY, frozenset({"nodule"}))
SAID = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from([True, False, None])),
    max_size=10,
    unique_by=lambda one: one[0],
)
TEXT = st.text(max_size=12)


def statements(said: Sequence[tuple[int, bool | None]]) -> list[Statement]:
    return [
        Statement(Line(n, {}), STUDY, "nodule", present, DAY + timedelta(days=day), is_dated=True)
        for n, (day, present) in enumerate(said)
    ]


def entered(said: Sequence[Statement]) -> Told | None:
    book = Book([], is_judged=True)
    for one in said:
        book.enter(one)
    held = book.standing
    return None if held is None else Told(held.present, held.day, 0)


@settings(max_examples=200, deadline=None)
@given(SAID, st.integers(0, 1000), st.integers(1, 3))
def test_order_and_repeats_of_labels_do_not_matter(
    said: list[tuple[int, bool | None]], seed: int, times: int
) -> None:
    expected = entered(statements(said))
    shuffled = statements(said) * times
    Random(seed).shuffle(shuffled)
    assert entered(shuffled) == expected


@settings(max_examples=100, deadline=None)
@given(SAID)
def test_the_latest_label_by_its_day_stands(said: list[tuple[int, bool | None]]) -> None:
    held = entered(statements(said))
    assert (held is None) == (not said)
    if held is not None:
        assert held.present is max(said, key=lambda one: one[0])[1]


def test_it_stands_since_the_first_that_agrees() -> None:
    history = [Told(True, DAY + timedelta(days=n), n) for n in (3, 1, 2)]
    assert standing(history) == history[1]
    assert standing([]) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), max_size=6))
def test_whatever_a_line_says_it_has_one_verdict(rows: list[tuple[str, str, str, str]]) -> None:
    known = {"1.2.3": STUDY}
    names = ("study_instance_uid", "finding", "present", "label_day")
    lines = [
        Line(
            n,
            dict(zip(names, row, strict=True)) | ({"study_instance_uid": "1.2.3"} if n % 2 else {}),
        )
        for n, row in enumerate(rows)
    ]
    read_lines = {line.number: read(line, known, {"nodule"}, DAY) for line in lines}
    found = {n: one for n, one in read_lines.items() if isinstance(one, Verdict)}
    said = [one for one in read_lines.values() if isinstance(one, Statement)]
    found |= judge(said, lambda _: Book([], is_judged=True))
    assert sorted(found) == [line.number for line in lines]
