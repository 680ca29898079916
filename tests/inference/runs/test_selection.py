from typing import Any

from factories.packages import manifest
from factories.studies import ATTRIBUTES

from inference.runs.selection import Candidate, Selection, select
from model_registry.packages.manifest import Input, Manifest


def wanted(**changes: Any) -> Input:
    """An adult's CR or DX, unless changed."""
    described = manifest()
    described["input"] |= changes
    return Manifest.model_validate(described).input


def candidate(name: str, **attributes: Any) -> Candidate:
    return Candidate(name, f"1.2.{len(name)}", "0" * 64, ATTRIBUTES | attributes)


def names(selection: Selection) -> list[str]:
    return [one.instance_id for one in selection.chosen]


def test_those_that_fit_and_are_guarded_are_chosen_in_their_order() -> None:
    given = [
        candidate("adult"),
        candidate("child", patient_age=9),
        candidate("ct", modality="CT"),
        candidate("old", patient_age=80, modality="CR"),
    ]

    selection = select(wanted(), given)

    assert names(selection) == ["adult", "old"]
    assert selection.reason is None


def test_without_a_guard_whatever_fits_is_chosen() -> None:
    selection = select(wanted(guard=None), [candidate("child", patient_age=9)])

    assert names(selection) == ["child"]


def test_a_study_in_which_nothing_fits_says_what_it_is() -> None:
    selection = select(wanted(), [candidate("ct", modality="CT"), candidate("mr", modality="MR")])

    assert names(selection) == []
    assert selection.reason == "no instance fits the package's select: modality = CT"


def test_a_study_without_instances_says_so() -> None:
    reason = select(wanted(), []).reason

    assert reason == "no instance fits the package's select: the study has no instance"


def test_a_guard_that_refuses_all_is_told_from_a_select_that_fits_none() -> None:
    selection = select(
        wanted(), [candidate("child", patient_age=9), candidate("ct", modality="CT")]
    )

    assert names(selection) == []
    assert selection.reason is not None
    assert selection.reason.endswith("refuses every fitting instance: patient_age 0 to 9")


def test_what_is_unknown_is_not_given_to_the_model_and_is_named() -> None:
    by_guard = select(wanted(), [candidate("who", patient_age=None)])
    by_select = select(wanted(), [candidate("what", modality=None)])

    assert by_guard.chosen == by_select.chosen == ()
    assert "patient_age unknown (needs patient_age)" in str(by_guard.reason)
    assert "modality unknown (needs modality)" in str(by_select.reason)


def test_a_guard_that_excludes_does_not_let_the_unknown_in() -> None:
    excluding = wanted(guard='body_part != "HAND"')

    assert names(select(excluding, [candidate("chest")])) == ["chest"]
    assert names(select(excluding, [candidate("unknown", body_part=None)])) == []
