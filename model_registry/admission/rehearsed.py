"""The checks of admission that run the model, for `vigil package check --run`.

In admission's order and in the same limited process, on a package that nobody has submitted.
"""

from collections.abc import Callable, Iterator
from typing import Any

from model_registry.admission.checks import answer
from model_registry.admission.models import Status
from model_registry.admission.runner import GoldenRunner
from model_registry.admission.trial import Trial
from model_registry.admission.verdict import Found
from model_registry.packages.archive import ModelPackage


def run_checks(package: ModelPackage, runner: GoldenRunner) -> Iterator[dict[str, Any]]:
    """Yield each check with its verdict and evidence, until one fails: the next ones need it."""
    trial = Trial(runner)
    steps: tuple[tuple[str, Callable[[], Found]], ...] = (
        ("interface", lambda: _prepared(trial, package)),
        ("loading", trial.load),
        ("resources", trial.resources),
        ("golden", trial.golden),
        ("determinism", trial.determinism),
        ("batch", lambda: trial.batch(package.structure)),
    )
    try:
        for name, ask in steps:
            status, found = answer(ask)
            passed = status is Status.PASSED
            yield {"check": name, "passed": passed, "evidence": found.evidence}
            if not passed:
                return
    finally:
        trial.close()


def _prepared(trial: Trial, package: ModelPackage) -> Found:
    trial.prepare(package)
    return Found("the golden cases can be prepared")
