from pathlib import Path

from model_registry.deployments.models import Mode
from model_registry.deployments.rules import as_markdown, rules
from model_registry.deployments.transitions import TRANSITIONS
from vigil.kernel.identity.roles import Role

DOCUMENT = Path(__file__).parents[3] / "docs" / "deployments.md"


def test_the_documents_table_is_the_codes() -> None:
    assert as_markdown() in DOCUMENT.read_text()


def test_every_step_is_told_once_with_who_may_begin_it_and_why() -> None:
    told = rules()
    assert len({(rule.before, rule.after) for rule in told}) == len(TRANSITIONS)
    assert all(rule.guard and rule.people and rule.roles and rule.why for rule in told)


def test_no_supplier_reader_or_administrator_begins_a_step() -> None:
    for step in TRANSITIONS:
        assert not {Role.SUPPLIER, Role.READER, Role.AUDITOR, Role.ADMIN} & set(step.roles)


def test_every_mode_can_be_left_and_reached() -> None:
    assert {step.before for step in TRANSITIONS} == {None, *Mode}
    assert {step.after for step in TRANSITIONS} == set(Mode)
