"""Whether scores mean what they say: the calibration slope and intercept, and the mean gap.

Slope and intercept are those of a logistic regression of the labels on the logit of the score (Cox,
Biometrika 1958;45:562-565): 1 and 0 when a score is the probability that it claims to be.
"""

from dataclasses import dataclass

import numpy as np

from surveillance.measures.discrimination import Scores
from surveillance.measures.performance import Truths

BINS = 10
_EDGE = 1e-6
_ROUNDS = 50
_CLOSE = 1e-9


@dataclass(frozen=True)
class Calibration:
    """Slope and intercept are None where the labels are wholly separated or all alike."""

    slope: float | None
    intercept: float | None
    expected_error: float
    mean_score: float
    prevalence: float


def calibration(labels: Truths, scores: Scores) -> Calibration | None:
    """Return the calibration, or None where a score is no probability or there is none."""
    if not len(scores) or scores.min() < 0 or scores.max() > 1:
        return None
    line = _line(labels, scores)
    return Calibration(
        slope=line[0] if line else None,
        intercept=line[1] if line else None,
        expected_error=expected_error(labels, scores),
        mean_score=float(scores.mean()),
        prevalence=float(labels.mean()),
    )


def expected_error(labels: Truths, scores: Scores, bins: int = BINS) -> float:
    """Return the mean gap between score and share of positives, over bins of equal size."""
    order = np.argsort(scores, kind="stable")
    gaps = [
        abs(float(scores[part].mean()) - float(labels[part].mean())) * len(part)
        for part in np.array_split(order, min(bins, len(order)))
    ]
    return sum(gaps) / len(order)


def _line(labels: Truths, scores: Scores) -> tuple[float, float] | None:
    """Fit by Newton's method with halved steps; None where there is no finite fit."""
    inside = np.clip(scores, _EDGE, 1 - _EDGE)
    x = np.log(inside / (1 - inside))
    if x.min() == x.max() or _separated(x[labels], x[~labels]):
        return None
    # Scores that lie close together would make the two columns all but alike.
    middle, spread = float(x.mean()), float(x.std())
    design = np.column_stack([(x - middle) / spread, np.ones_like(x)])
    share = float(labels.mean())
    beta = np.array([0.0, np.log(share / (1 - share))])
    for _ in range(_ROUNDS):
        expected = 1 / (1 + np.exp(-(design @ beta)))
        information = design.T @ (design * (expected * (1 - expected))[:, None])
        step = np.linalg.solve(information, design.T @ (labels - expected))
        while _likelihood(design @ (beta + step), labels) < _likelihood(design @ beta, labels):
            step = step / 2
            if np.abs(step).max() < _CLOSE:
                break
        beta = beta + step
        if np.abs(step).max() < _CLOSE:
            slope = float(beta[0]) / spread
            return slope, float(beta[1]) - slope * middle
    return None


def _likelihood(odds: Scores, labels: Truths) -> float:
    return -float(np.logaddexp(0, np.where(labels, -odds, odds)).sum())


def _separated(positive: Scores, negative: Scores) -> bool:
    """Whether a threshold tells them apart (ties at it allowed): the slope would be infinite."""
    if not len(positive) or not len(negative):
        return True
    return bool(negative.max() <= positive.min() or positive.max() <= negative.min())
