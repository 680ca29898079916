"""From a model's numbers to findings, by the activation, index and threshold that are declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.runtime.errors import NoResult
from inference.runtime.wire import Array, Arrays
from model_registry.packages.manifest import Code, FindingSpec, Output

# A sum of float32 may pass 1 by its last digit.
_ROUNDING = 1e-5
_BATCHED = 2  # axes at least: the batch and the findings


@dataclass(frozen=True)
class Score:
    """What the model says about one finding."""

    key: str
    name: str
    code: Code
    score: float
    threshold: float
    unit: str | None = None

    @property
    def flagged(self) -> bool:
        return self.score >= self.threshold


def scores(
    outputs: Arrays, declared: Sequence[Output], thresholds: Mapping[str, float] | None = None
) -> list[Score]:
    """Return the score of each declared finding; of a segmentation, its greatest probability.

    Args:
        outputs: what the model gave, by name.
        declared: the manifest's outputs.
        thresholds: the deployment's own, by finding key, in place of the manifest's.

    Raises:
        NoResult: an output is missing, of another shape, not finite, or no probability.
    """
    own = thresholds or {}
    return [
        _score(output, finding, values, own.get(finding.key, finding.threshold))
        for output in declared
        if output.findings
        for values in [_values(output, outputs)]
        for finding in output.findings
    ]


def _score(output: Output, finding: FindingSpec, values: Array, threshold: float) -> Score:
    if finding.index >= len(values):
        raise NoResult(f"Output {output.name} has {len(values)} values, none for {finding.key}.")
    part = values[finding.index]
    if not np.isfinite(part).all():
        raise NoResult(f"Output {output.name} is not a finite number for {finding.key}.")
    value = float(part.max())
    if output.kind != "measurement":
        if not -_ROUNDING <= float(part.min()) <= value <= 1 + _ROUNDING:
            raise NoResult(f"Output {output.name} is not a probability for {finding.key}.")
        value = min(max(value, 0.0), 1.0)
    return Score(finding.key, finding.name, finding.code, value, threshold, output.unit)


def activated(outputs: Arrays, declared: Sequence[Output]) -> Arrays:
    """Return the declared outputs with their activation applied: what a golden case expects."""
    return {
        output.name: _activate(output, outputs[output.name])
        for output in declared
        if output.name in outputs
    }


def _values(output: Output, outputs: Arrays) -> Array:
    """Return the values of the one case there is, the findings on the first axis."""
    if output.name not in outputs:
        raise NoResult(f"The model gave no output {output.name}.")
    array = outputs[output.name]
    array = array.reshape(1, -1) if array.ndim < _BATCHED else array
    if array.shape[0] != 1 or array.size == 0:
        raise NoResult(f"Output {output.name} has shape {list(array.shape)}, not one case.")
    return np.asarray(_activate(output, array)[0])


def _activate(output: Output, array: Array) -> Array:
    """Apply the activation; softmax is over the axis of the findings, the one after the batch."""
    values = array.astype(np.float64)
    axis = 1 if values.ndim >= _BATCHED else -1
    return _ACTIVATIONS[output.activation](np.atleast_1d(values), axis).reshape(values.shape)


def _unchanged(values: Array, _axis: int) -> Array:
    return values


def _sigmoid(values: Array, _axis: int) -> Array:
    # exp of a negative number only: it cannot overflow.
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1 / (1 + small), small / (1 + small)))


def _softmax(values: Array, axis: int) -> Array:
    with np.errstate(invalid="ignore"):
        powers = np.exp(values - values.max(axis=axis, keepdims=True))
        return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


_ACTIVATIONS = {"none": _unchanged, "sigmoid": _sigmoid, "softmax": _softmax}
