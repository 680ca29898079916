"""The result document: plan, counts, figures, claims and verdict in one canonical JSON. Pure.

It is what the site's officer signs. It holds no person and no study; `shared` is the form in which
it may leave the site.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.runs.models import Outcome
from surveillance.local_tests.claims import Claim
from surveillance.local_tests.figures import Cell, Figures, Scored, figures, rounded
from surveillance.local_tests.models import Verdict
from surveillance.local_tests.rule import Rule
from surveillance.local_tests.verdicts import Line, lines, overall
from surveillance.measures.intervals import Interval
from surveillance.measures.performance import Rate, difference

SCHEMA = "vigil/local-test/v1"
SMALLEST = 10
_HOW = {
    "rates": "Wilson 95 %",
    "auc": "DeLong 95 % on the logit; Newcombe's method 5 for a perfect ranking",
    "patients": "effective number of cases (Rao and Scott) and Obuchowski's variance",
    "difference": "Zou and Donner",
}


@dataclass(frozen=True)
class Judgement:
    """What a test came to: the document, and its verdict."""

    document: dict[str, Any]
    verdict: Verdict


def judge(
    facts: Mapping[str, Any],
    rule: Rule,
    cases: Sequence[Scored],
    claims: Sequence[Claim],
    thresholds: Mapping[str, float],
    names: Mapping[str, str],
) -> Judgement:
    """Evaluate the cases of a test.

    Args:
        facts: what the document says of the test itself.
        rule: the pass rule, as it was fixed.
        cases: every labelled case, whether it has a score or not.
        claims: the supplier's.
        thresholds: every finding's threshold at the site.
        names: what each finding is called.
    """
    found = {key: figures(key, [c for c in cases if c.finding == key]) for key in rule.keys}
    missed = sum(not case.analysed for case in cases)
    share = missed / len(cases) if cases else 1.0
    answers = lines(rule, found, claims, thresholds, share)
    verdict = overall(answers)
    document = {
        "schema": SCHEMA,
        "test": dict(facts),
        "rule": rule.as_json(),
        "methods": _HOW,
        "cases": _counted(cases),
        "findings": [_finding(found[key], names, thresholds) for key in rule.keys],
        "claims": [_claim(claim, found, thresholds) for claim in claims if claim.finding in found],
        "lines": [_line(line) for line in answers],
        "verdict": verdict.value,
        "cautions": _cautions(rule, cases, facts),
    }
    return Judgement(document, verdict)


def shared(content: bytes) -> dict[str, Any]:
    """Return the document as it may leave the site: no small number, nor one to be worked out.

    Of the groups of an axis those of fewer than ten cases are withheld, and where that is one
    alone, the next smallest with it. Figures of findings with fewer than ten cases of either kind
    go too.
    """
    document: dict[str, Any] = json.loads(content)
    for finding in document["findings"]:
        by_axis: dict[str, list[dict[str, Any]]] = {}
        for cell in finding["groups"]:
            by_axis.setdefault(cell["axis"], []).append(cell)
        finding["groups"] = [kept for group in by_axis.values() for kept in _withheld(group)]
        finding["overall"] = _bare(finding["overall"], hidden=_is_small(finding["overall"]))
        finding.pop("not_analysed")
    document["cases"].pop("reasons")
    # Their sentences name counts of groups.
    document["lines"] = [line | {"found": None} for line in document["lines"]]
    document["withheld"] = f"numbers of fewer than {SMALLEST} cases"
    return document


def _withheld(group: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    there = [cell for cell in group if cell["labelled"]]
    hidden = {cell["level"] for cell in there if _is_small(cell)}
    if len(hidden) == 1 and len(there) > 1:
        rest = [cell for cell in there if cell["level"] not in hidden]
        hidden.add(min(rest, key=lambda cell: int(cell["labelled"]))["level"])
    return [_bare(cell, hidden=cell["level"] in hidden) for cell in group]


def _is_small(cell: Mapping[str, Any]) -> bool:
    counts = (cell["positives"], cell["negatives"])
    return bool(cell["labelled"] > 0 and min(counts) < SMALLEST)


def _bare(cell: dict[str, Any], *, hidden: bool) -> dict[str, Any]:
    if not hidden:
        return cell | {"suppressed": False}
    return {"axis": cell["axis"], "level": cell["level"], "suppressed": True}


def _counted(cases: Sequence[Scored]) -> dict[str, Any]:
    outcomes = {outcome.value: 0 for outcome in Outcome if outcome is not Outcome.CANCELLED}
    for case in cases:
        outcomes[case.outcome.value] += 1
    return {
        "labelled": len(cases),
        "patients": len({case.patient for case in cases}),
        "outcomes": outcomes,
        "reasons": {
            reason: sum(1 for case in cases if case.reason == reason)
            for reason in sorted({case.reason for case in cases if case.reason})
        },
    }


def _finding(
    found: Figures, names: Mapping[str, str], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "finding": found.finding,
        "name": names[found.finding],
        "threshold": thresholds[found.finding],
        "overall": _cell(found.overall),
        "sensitivity_if_no_score_is_a_miss": _rate(found.if_missed),
        "calibration": found.calibration,
        "not_analysed": found.not_analysed,
        "groups": [_cell(cell) for cell in found.groups],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    counts = ("axis", "level", "labelled", "analysed", "patients", "positives", "negatives")
    of_rates = ("sensitivity", "specificity", "ppv", "npv")
    return {
        **{name: getattr(cell, name) for name in counts},
        **{name: _rate(getattr(cell, name)) for name in of_rates},
        "auc": _interval(cell.auc),
    }


def _rate(rate: Rate) -> dict[str, Any] | None:
    found = _interval(rate.interval)
    return None if found is None else {"events": rate.events, "n": rate.n, **found}


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else rounded(interval.__dict__)


def _claim(
    claim: Claim, found: Mapping[str, Figures], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    here = _here(found[claim.finding], claim)
    comparable = claim.comparable(thresholds[claim.finding])
    gap = difference(here, claim.interval) if here is not None and comparable else None
    return {
        "finding": claim.finding,
        "metric": claim.metric,
        "axis": claim.axis,
        "level": claim.level,
        "dataset": claim.dataset,
        "n": claim.n,
        "threshold": claim.threshold,
        "claimed": _interval(claim.interval),
        "taken_as_exact": claim.exact,
        "comparable": comparable,
        "here": _interval(here),
        "difference": _interval(gap),
    }


def _here(found: Figures, claim: Claim) -> Interval | None:
    """Return the figure that a claim is of: of all cases, or of the same group of them."""
    if claim.axis is None:
        return found.overall.interval(claim.metric)
    same = (cell for cell in found.groups if (cell.axis, cell.level) == (claim.axis, claim.level))
    return next((cell.interval(claim.metric) for cell in same), None)


def _line(line: Line) -> dict[str, Any]:
    return {
        "finding": line.finding,
        "asks": line.asks,
        "found": line.found,
        "answer": line.answer.value,
    }


def _cautions(rule: Rule, cases: Sequence[Scored], facts: Mapping[str, Any]) -> list[str]:
    said = []
    patients = len({(case.patient, case.finding) for case in cases})
    if patients < len(cases):
        said.append(
            f"Patients repeat: of {len(cases)} cases {patients} are the first of their patient. "
            "The intervals allow for it; as many patients as cases would tell more."
        )
    if rule.sampling == "selected":
        said.append(
            "The studies were chosen, so the predictive values are those of this choice, and the "
            "scores do not become the site's reference for surveillance."
        )
    if facts.get("earlier_tests"):
        said.append(
            "This configuration was tested here before: see earlier_tests. A rule that is tried "
            "often enough is passed by chance."
        )
    if rule.subgroups:
        said.append("Groups are looked at one by one: of many, some lie low by chance alone.")
    return said
