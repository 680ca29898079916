import pytest

from inference.routing.scope import ScopeChange, compare

CHEST = 'modality == "DX" && body_part == "CHEST"'


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([CHEST], [CHEST], ScopeChange.SAME),
        ([CHEST], ['modality=="DX"&&body_part  ==  "CHEST"'], ScopeChange.SAME),
        ([CHEST], ['body_part == "CHEST" && modality == "DX"'], ScopeChange.SAME),
        ([CHEST], [f"({CHEST})"], ScopeChange.SAME),
        ([CHEST], [CHEST, CHEST], ScopeChange.SAME),
        ([CHEST], [CHEST, f"{CHEST} && patient_age >= 18"], ScopeChange.SAME),
        (["a || b"], ["b", "a"], ScopeChange.SAME),
        ([CHEST], [f"{CHEST} && patient_age >= 18"], ScopeChange.NARROWED),
        ([CHEST], [], ScopeChange.NARROWED),
        (["a", "b"], ["a"], ScopeChange.NARROWED),
        ([CHEST], ['modality == "DX"'], ScopeChange.WIDENED),
        ([], [CHEST], ScopeChange.WIDENED),
        (["a"], ["a || b"], ScopeChange.WIDENED),
        ([CHEST], ['modality == "CR"'], ScopeChange.OTHER),
        ([CHEST], ['modality == "DX" && body_part == "chest"'], ScopeChange.OTHER),
        (["a && b || c"], ["a && (b || c)"], ScopeChange.NARROWED),
        (["a ? b : c"], ["a"], ScopeChange.OTHER),
        (['x == "a && b"'], ['x == "a"'], ScopeChange.OTHER),
        (['x == "a  b"'], ['x == "a b"'], ScopeChange.OTHER),
        (['x == "//" && y'], ['x == "//"'], ScopeChange.OTHER),
        (["(a || b) && c"], ["(a || b)"], ScopeChange.WIDENED),
        (["(a || b) && c"], ["a && c", "b && c"], ScopeChange.SAME),
        (["!(a && b)"], ["!(a)"], ScopeChange.OTHER),
    ],
)
def test_a_scope_is_compared_by_what_its_conditions_take(
    before: list[str], after: list[str], change: ScopeChange
) -> None:
    assert compare(before, after) is change
