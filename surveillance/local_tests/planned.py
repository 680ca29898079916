"""What a change plan asks of a site's own test, held against the test's rule and its figures.

A version inside its plan takes the shorter review because the signed plan says what it must still
show at each site (`evidence: local_test`). A rule that asks less, or a figure that reaches less,
opens nothing (docs/adr/0018).
"""

from collections.abc import Iterator, Sequence

from model_registry.deployments.gate import Missing
from model_registry.packages.plan_document import Criterion
from model_registry.plans.cover import cover, local_criteria
from model_registry.versions.models import ModelVersion
from surveillance.local_tests import repository
from surveillance.local_tests.cases import scored
from surveillance.local_tests.figures import Cell, Figures, figures
from surveillance.local_tests.models import LocalTestState
from surveillance.local_tests.rule import FindingRule, Rule
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import system_actor

ACTOR = system_actor("surveillance")
_ROUNDING = 1e-9


class PlannedTests:
    """`LocalTestReader` of the registry's gates."""

    def missing(self, session: ReadSession, version: ModelVersion, site_id: str) -> list[Missing]:
        """Ask nothing by itself: the registry's own gate of the local test asks."""
        del session, version, site_id
        return []

    def unshown(
        self, session: ReadSession, local_test_id: str, criteria: Sequence[Criterion]
    ) -> list[str]:
        """Say which criteria the test did not ask for, or did not show."""
        test = repository.local_test(session, ACTOR, local_test_id)
        if test is None or test.state is not LocalTestState.FINISHED:
            return ["the test that was signed is not to be found"]
        rule = Rule.model_validate(test.rule)
        cases = [scored(one) for one in repository.judged(session, ACTOR, test.id)]
        found = {
            key: figures(key, [case for case in cases if case.finding == key])
            for key in {criterion.finding for criterion in criteria}
        }
        return [
            problem
            for criterion in criteria
            for problem in (
                *_not_asked(rule, criterion),
                *_not_shown(found[criterion.finding], criterion),
            )
        ]


def plan_faults(session: ReadSession, version: ModelVersion, rule: Rule) -> list[Fault]:
    """Say where a rule asks less than the change plan that covers the version."""
    covering = cover(session, version)
    criteria = local_criteria(session, covering) if covering else ()
    remedy = "Ask as much, or more: the signed change plan does"
    return [
        Fault(f"rule.{criterion.finding}", problem, remedy)
        for criterion in criteria
        for problem in _not_asked(rule, criterion)
    ]


def _not_asked(rule: Rule, criterion: Criterion) -> Iterator[str]:
    asked = next((one for one in rule.findings if one.finding == criterion.finding), None)
    words = _in_words(criterion)
    if asked is None:
        yield f"the rule leaves {words} out"
        return
    if criterion.min is not None and not _holds_least(rule, asked, criterion, criterion.min):
        yield f"the rule asks less than {words} of {criterion.min:g} or more"
    if criterion.margin is not None and not _holds_margin(asked, criterion, criterion.margin):
        yield f"the rule does not ask that {words} is within {criterion.margin:g} of the claim"


def _holds_least(rule: Rule, asked: FindingRule, criterion: Criterion, least: float) -> bool:
    if criterion.axis is not None:
        # A floor is weaker than a bar; it shows that the group is looked at, the figure the rest.
        return any(
            one.metric == criterion.metric
            and criterion.axis in one.axes
            and one.floor >= least - _ROUNDING
            for one in rule.subgroups
        )
    return any(
        bar.metric == criterion.metric
        and bar.at_least >= least - _ROUNDING
        # The lower end reaches no further than the estimate: who asks it of that asks more.
        and (criterion.bound == "estimate" or bar.on == "lower_bound")
        for bar in asked.bars
    )


def _holds_margin(asked: FindingRule, criterion: Criterion, most: float) -> bool:
    return criterion.axis is None and any(
        one.metric == criterion.metric and one.margin <= most + _ROUNDING
        for one in asked.non_inferior
    )


def _not_shown(found: Figures, criterion: Criterion) -> Iterator[str]:
    """The figure itself must reach it; a margin is judged by the rule's own line."""
    if criterion.min is None:
        return
    cell = _cell(found, criterion)
    interval = cell.interval(criterion.metric) if cell else None
    words = _in_words(criterion)
    if interval is None:
        yield f"no case tells {words}"
        return
    value = interval.low if criterion.bound == "lower" else interval.estimate
    if value < criterion.min - _ROUNDING:
        yield f"{words} is {value:.3f} and not {criterion.min:g} or more"


def _cell(found: Figures, criterion: Criterion) -> Cell | None:
    if criterion.axis is None:
        return found.overall
    return next(
        (one for one in found.groups if (one.axis, one.level) == (criterion.axis, criterion.level)),
        None,
    )


def _in_words(criterion: Criterion) -> str:
    end = "the lower end of " if criterion.bound == "lower" else ""
    group = f" where {criterion.axis} is {criterion.level}" if criterion.axis else ""
    return f"{end}{criterion.metric} for {criterion.finding}{group}"
