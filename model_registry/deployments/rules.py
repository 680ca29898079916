"""The table of transitions in words: what a page, the API and docs/deployments.md show.

A step without a line in the table cannot be taken by anybody.
"""

from dataclasses import dataclass

from model_registry.deployments.transitions import TRANSITIONS, Evidence, People, Transition
from vigil.kernel.identity.roles import Role

_GUARDS = {
    Evidence.NONE: "None",
    Evidence.ADMISSION: "The version has passed its admission checks",
    Evidence.ALL: "Every gate is met for exactly this version, thresholds and site",
}
_PEOPLE = {
    People.ANYBODY: "One person, or Vigil itself, at once",
    People.MANAGER: "One person",
    People.MANAGER_AND_OFFICER: (
        "A network manager and, someone else, a clinical safety officer; not who submitted"
    ),
}
_ROLES = {Role.CSO: "clinical safety officer"}


@dataclass(frozen=True)
class Rule:
    """One line: from, to, what must be there, who decides, who may begin, and why it is so."""

    before: str
    after: str
    guard: str
    people: str
    roles: str
    why: str


def rule(step: Transition) -> Rule:
    return Rule(
        before=step.before.value if step.before else "not deployed",
        after=step.after.value if step.after != step.before else f"{step.after.value} (changed)",
        guard=_GUARDS[step.evidence],
        people=_PEOPLE[step.people],
        roles=", ".join(_ROLES.get(role, role.value.replace("_", " ")) for role in step.roles),
        why=step.why,
    )


def rules() -> list[Rule]:
    return [rule(step) for step in TRANSITIONS]


def as_markdown() -> str:
    """Return the table as docs/deployments.md holds it."""
    head = "| from | to | what must be there | who decides | who may begin it | why |"
    lines = [
        f"| {r.before} | {r.after} | {r.guard} | {r.people} | {r.roles} | {r.why} |"
        for r in rules()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *lines])
