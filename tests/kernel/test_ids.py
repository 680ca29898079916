from datetime import UTC, datetime, timedelta

from conftest import FakeClock

from vigil.kernel.ids import is_id, new_id


def test_an_id_says_what_it_names_and_has_one_form(clock: FakeClock) -> None:
    made = new_id("run", clock)

    assert is_id(made, "run")
    assert not is_id(made, "std")
    assert not is_id("run_" + "u" * 26, "run"), "u is not in Crockford's alphabet"


def test_ids_sort_by_the_time_they_were_made(clock: FakeClock) -> None:
    made = []
    for _ in range(50):
        made.append(new_id("run", clock))
        clock.now += timedelta(milliseconds=1)

    assert made == sorted(made)


def test_ids_of_one_instant_differ() -> None:
    def instant() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    assert len({new_id("run", instant) for _ in range(1000)}) == 1000
