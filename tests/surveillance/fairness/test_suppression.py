from hypothesis import given
from hypothesis import strategies as st

from surveillance.disclosure import SMALLEST, hidden
from surveillance.fairness.suppression import Spot


def line(*sizes: float) -> dict[Spot, float]:
    return {Spot("A", f"level {place}"): n for place, n in enumerate(sizes)}


def names(found: set[Spot]) -> set[str]:
    return {spot.level[-1] for spot in found}


def test_large_cells_are_shown() -> None:
    sizes = line(10, 400, 12)
    assert not hidden(sizes, [list(sizes)])


def test_one_small_cell_takes_the_next_smallest_with_it() -> None:
    sizes = line(3, 400, 50)
    assert names(hidden(sizes, [list(sizes)])) == {"0", "2"}


def test_two_small_cells_that_are_small_together_take_a_third() -> None:
    sizes = line(3, 4, 400, 50)
    assert names(hidden(sizes, [list(sizes)])) == {"0", "1", "3"}
    enough = line(5, 6, 400, 50)
    assert names(hidden(enough, [list(enough)])) == {"0", "1"}


def test_a_second_cell_is_hidden_in_each_line() -> None:
    sizes = {
        Spot("A", "x"): 3.0, Spot("A", "y"): 50.0, Spot("B", "x"): 60.0, Spot("B", "y"): 70.0,
    }  # fmt: skip
    by_site = [[Spot(site, level) for level in "xy"] for site in "AB"]
    by_level = [[Spot(site, level) for site in "AB"] for level in "xy"]
    assert hidden(sizes, by_site + by_level) == set(sizes)


_TABLES = st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=2, max_size=4)


@given(_TABLES)
def test_no_hidden_cell_follows_from_a_sum(table: list[list[int]]) -> None:
    sizes = {
        Spot(str(row), str(column)): float(n)
        for row, held in enumerate(table)
        for column, n in enumerate(held)
    }
    rows = [[Spot(str(row), str(c)) for c in range(3)] for row in range(len(table))]
    columns = [[Spot(str(row), str(c)) for row in range(len(table))] for c in range(3)]
    found = hidden(sizes, rows + columns)
    assert {spot for spot, n in sizes.items() if n < SMALLEST} <= found
    for held in rows + columns:
        unseen = [spot for spot in held if spot in found]
        is_safe = len(unseen) > 1 and sum(sizes[spot] for spot in unseen) >= SMALLEST
        assert not unseen or is_safe or len(unseen) == len(held)
