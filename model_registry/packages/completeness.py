"""Whether the card and the safety case say enough for what the model is meant for.

`packages.documents` asks that both are there and readable. Here they are held against the manifest:
a figure for each finding, with its uncertainty, by sex and age, from whom and against which truth.
A PRODUCT must say all of it; what is not on the market yet is told what it lacks, and so are those
who look at it. A risk that its controls make worse is a fault of any safety case (DCB0129 4.4).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from model_registry.packages.archive import ModelPackage
from model_registry.packages.documents import Risk
from model_registry.packages.layout import CARD, SAFETY_CASE
from model_registry.packages.manifest import Device, Manifest
from vigil.kernel.errors import Fault

AXES: Final = ("sex", "age")
_SEVERITIES: Final = ("minor", "significant", "considerable", "major", "catastrophic")
_LIKELIHOODS: Final = ("very_low", "low", "medium", "high", "very_high")
_INTERVALS: Final = ("low", "ci_low", "ci", "interval", "n", "successes")

Facts = Mapping[str, Any]


def card_faults(package: ModelPackage) -> list[Fault]:
    """Return where the card speaks of another device, or leaves open what a PRODUCT must say."""
    device = package.manifest.model.device
    faults = list(_identity_faults(device, package.card.model_dump(mode="json")))
    return faults + (lacking(package) if device.content_qualification == "PRODUCT" else [])


def lacking(package: ModelPackage) -> list[Fault]:
    """Return what the card leaves open before the model may be a PRODUCT."""
    return list(_lacking(package.manifest, package.card.model_dump(mode="json")))


def _lacking(manifest: Manifest, card: Facts) -> Iterator[Fault]:
    evaluations = [one for one in card.get("evaluation", ()) if isinstance(one, dict)]
    lines = [line for one in evaluations for line in _lines(one)]
    place = f"{CARD}:evaluation"
    named = {line.get("finding") for line in lines} - {None}
    for finding in manifest.findings:
        is_meant = len(manifest.findings) == 1 or finding.key in named
        if not is_meant:
            remedy = f"Add metrics with finding: {finding.key}"
            yield Fault(f"{place}.metrics", f"no figure for the finding {finding.key}", remedy)
    axes = {str(line["axis"]).lower() for line in lines if line.get("axis")}
    for axis in AXES:
        if not any(known.startswith(axis) for known in axes):
            remedy = f"Add metrics with axis: {axis} and level: …"
            yield Fault(f"{place}.metrics", f"no figures by {axis}", remedy)
    if not all(any(line.get(key) is not None for key in _INTERVALS) for line in lines):
        remedy = "Give low and high, or successes and n"
        yield Fault(f"{place}.metrics", "a figure without its uncertainty", remedy)
    for key, remedy in (
        ("evaluator", "Say who evaluated it, and whether they are independent"),
        ("reference_standard", "Say against which truth the figures are"),
    ):
        if not all(one.get(key) for one in evaluations):
            yield Fault(f"{place}.{key}", "missing", remedy)


def _lines(evaluation: Facts) -> list[Facts]:
    """Return the figures of an evaluation; a table of subgroups may stand by itself."""
    listed = [*(evaluation.get("metrics") or ()), *(evaluation.get("subgroups") or ())]
    return [line for line in listed if isinstance(line, dict)]


def risk_faults(package: ModelPackage) -> Iterator[Fault]:
    """Yield each hazard whose residual risk is above the initial one."""
    document = package.safety_case
    for number, hazard in enumerate(document.hazards):
        if not _is_within(hazard.residual, hazard.initial):
            field = f"{SAFETY_CASE}:hazards.{number}.residual"
            remedy = "Correct it, or find other controls"
            yield Fault(field, "above the initial risk: a control cannot raise it", remedy)


def _identity_faults(device: Device, card: Facts) -> Iterator[Fault]:
    """The card must not speak of another device than the manifest."""
    regulatory = card.get("regulatory") or {}
    for name, declared in device.model_dump().items():
        said = regulatory.get(name)
        if said is not None and said != declared:
            problem = f"says {said!s:.60}, the manifest says {declared or 'nothing'}"
            yield Fault(f"{CARD}:regulatory.{name}", problem, "Say the same in both")


def _is_within(residual: Risk, initial: Risk) -> bool:
    return _SEVERITIES.index(residual.severity) <= _SEVERITIES.index(
        initial.severity
    ) and _LIKELIHOODS.index(residual.likelihood) <= _LIKELIHOODS.index(initial.likelihood)
