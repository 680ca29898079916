"""Whether a case gives the same numbers alone and beside others.

A graph whose first dimension is free may be fed several cases at once. One that then mixes them
(a normalisation over the batch, a reshape that forgets it) is wrong in a way that no single golden
case shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from model_registry.admission.runner import LoadedModel
from model_registry.admission.verdict import Failed
from model_registry.packages.arrays import Array
from model_registry.packages.golden import GoldenCase
from model_registry.packages.structure import Structure

MOST_CASES: Final = 3


@dataclass(frozen=True)
class Alone:
    """A case with its tensors, and what the model gave when it had nothing else."""

    golden: GoldenCase
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]

    @property
    def shapes(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        return tuple((name, array.shape) for name, array in sorted(self.inputs.items()))

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))


def why_fixed(graph: Structure, names: Sequence[str]) -> str | None:
    """Say which input does not take several cases, or None where all do."""
    for name in names:
        port = graph.input(name)
        if port is None or not port.shape:
            return f"input {name} declares no shape"
        if port.shape[0] is not None:
            return f"input {name} takes a fixed batch of {port.shape[0]}"
    return None


def alike(cases: Sequence[Alone]) -> list[Alone]:
    """Return some cases that can be stacked: as many of one shape as there are, up to a few."""
    groups: dict[object, list[Alone]] = {}
    for case in cases:
        groups.setdefault(case.shapes, []).append(case)
    return max(groups.values(), key=len)[:MOST_CASES]


def compare(model: LoadedModel, cases: Sequence[Alone]) -> float:
    """Run the cases stacked, another one behind and then before them; return the worst difference.

    Raises:
        Failed: a case gave something else than alone.
    """
    stack = [case.inputs for case in cases]
    other = _another(cases[0].inputs)
    behind = _worst(model, [*stack, other], cases, start=0)
    before = _worst(model, [other, *stack], cases, start=cases[0].rows)
    return max(behind, before)


def _worst(
    model: LoadedModel, stack: list[Mapping[str, Array]], cases: Sequence[Alone], start: int
) -> float:
    inputs = {name: np.concatenate([one[name] for one in stack]) for name in stack[0]}
    total = len(next(iter(inputs.values())))
    outputs = model.run(inputs).outputs
    worst = 0.0
    for case in cases:
        for name, alone in case.outputs.items():
            given = outputs.get(name)
            if given is None or given.ndim == 0 or len(given) != total:
                raise Failed(
                    f"output {name} does not have one row for each of {total} cases: declare a "
                    "batch of 1, or mind the batch"
                )
            worst = max(worst, _apart(case, name, alone, given[start : start + case.rows]))
        start += case.rows
    return worst


def _apart(case: Alone, name: str, alone: Array, beside: Array) -> float:
    largest = float("nan")
    if alone.shape == beside.shape:
        difference = np.abs(beside.astype(np.float64) - alone.astype(np.float64))
        largest = float(difference.max(initial=0.0))
    # What is not a number must fail too.
    if not largest <= case.golden.tolerance:
        raise Failed(
            f"Case {case.golden.name}, output {name}: beside other cases it differs by "
            f"{largest:.3g}, tolerance {case.golden.tolerance:g}. The cases of a batch must not "
            "touch each other"
        )
    return largest


def _another(inputs: Mapping[str, Array]) -> Mapping[str, Array]:
    """Return a case of the same shape and range with other contents."""
    return {name: np.flip(array, axis=-1) for name, array in inputs.items()}
