"""The few directions that most of a reference's vectors lie along, and where a vector stands. Pure.

Principal components of the reference, frozen: a vector is then eight numbers, each a place along
one direction in standard deviations, its length, and its distance from the centre. The distance is
Mahalanobis's under probabilistic principal components (Tipping and Bishop, J. R. Stat. Soc. B
1999;61:611): what lies outside the directions counts by its mean variance, so that a vector which
leaves them altogether is far as well.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

MOST: Final = 8
# Below this share of the whole variance a direction is none, but rounding.
_LEAST: Final = 1e-9
Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Basis:
    """What vectors of `length` numbers are held against.

    Attributes:
        mean: shape (length,).
        unit: what each number is divided by first; shape (length,).
        directions: rows of length one, the one with most variance first; shape (k, length).
        scales: the standard deviation along each; shape (k,).
        rest: the mean variance along what is no direction; 0 where nothing is left.
        spread: the share of the whole variance along each direction; shape (k,).
    """

    mean: Vectors
    unit: Vectors
    directions: Vectors
    scales: Vectors
    rest: float
    spread: Vectors

    @property
    def length(self) -> int:
        return len(self.mean)

    def project(self, vectors: Vectors) -> Vectors:
        """Return (n, k + 2): the place along each direction, the length, and the distance.

        Args:
            vectors: shape (n, length); what is no finite number comes back as none.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            apart = (vectors - self.mean) / self.unit
            along = apart @ self.directions.T
            places = along / self.scales
            squared = (places**2).sum(1)
            if self.rest > 0:
                left = (apart**2).sum(1) - (along**2).sum(1)
                squared = squared + np.maximum(left, 0) / self.rest
            norms = np.sqrt((vectors**2).sum(1))
        return np.column_stack([places, norms, np.sqrt(squared)])

    def to_bytes(self) -> bytes:
        """Return the one form of it: equal numbers, equal bytes."""
        kept = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }
        return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Basis":
        held: dict[str, Any] = {
            name: np.asarray(value, dtype=np.float64) if isinstance(value, list) else value
            for name, value in json.loads(data).items()
        }
        return cls(**held)


def fit(vectors: Vectors, *, standardised: bool) -> Basis:
    """Return the basis of a reference's vectors.

    Args:
        vectors: shape (n, length), finite.
        standardised: whether each number counts alike, however much it varies: scores of a rare
            finding hardly vary, and tell as much as those of a frequent one.

    Raises:
        ValueError: the vectors are all alike.
    """
    mean = vectors.mean(0)
    sd = vectors.std(0, ddof=1)
    unit = np.where(sd > 0, sd, 1.0) if standardised else np.ones(len(mean))
    apart = (vectors - mean) / unit
    covariance = apart.T @ apart / (len(vectors) - 1)
    whole, length = float(np.trace(covariance)), len(mean)
    if not whole > 0:
        raise ValueError("the vectors are all alike")
    most = min(MOST, length)
    values, columns = eigh(covariance, subset_by_index=(length - most, length - 1))
    is_kept = values[::-1] > _LEAST * whole
    variances, directions = values[::-1][is_kept], columns.T[::-1][is_kept]
    # Which way is up is a convention: the largest part of each direction is positive.
    largest = np.abs(directions).argmax(1)
    directions = directions * np.sign(directions[np.arange(len(largest)), largest])[:, None]
    left = whole - float(variances.sum())
    others = length - len(variances)
    rest = left / others if others and left > _LEAST * whole else 0.0
    return Basis(mean, unit, directions, np.sqrt(variances), rest, variances / whole)
