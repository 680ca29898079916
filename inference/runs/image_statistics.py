"""What an image looks like as the model is given it, in six numbers: the first sign of a change.

Brightness, contrast, both tails, the share of pixels at either end, and the header's aspect ratio:
none tells one patient from another. They cost less than the image's own copy does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from inference.runtime.wire import Array
from model_registry.packages.manifest import Tensor

NAMES: Final = ("mean", "sd", "p1", "p99", "clipped", "aspect")
# A grid of so many pixels tells the mean of an image to a thousandth, whatever its size.
MOST_PIXELS = 32_768
_MOST_SORTED = 4_096
_TAIL = 0.01
Statistics = Mapping[str, float | None]


def of_inputs(
    inputs: Mapping[str, Array], tensors: Iterable[Tensor], attributes: Mapping[str, Any]
) -> Statistics:
    """Measure the first input that is an image; every manifest has one."""
    image = next(inputs[tensor.name] for tensor in tensors if tensor.layout)
    return of_pixels(image) | {"aspect": _aspect(attributes)}


def of_pixels(image: Array) -> dict[str, float | None]:
    """Return the statistics of an image's values; None for what is no finite number."""
    values = _grid(image.ravel(), MOST_PIXELS).astype(np.float64)
    if not values.size:
        return dict.fromkeys(NAMES[:-1])
    low, high = values.min(), values.max()
    at_end = np.count_nonzero(values == low) + np.count_nonzero(values == high)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean()
        apart = values - mean
        # No product of vectors, which would wait for as many threads as there are processors.
        sd = np.sqrt(np.square(apart, out=apart).mean())
    in_order = np.sort(_grid(values, _MOST_SORTED))
    tail = int(_TAIL * in_order.size)
    found = (mean, sd, in_order[tail], in_order[-1 - tail], at_end / values.size)
    return dict(zip(NAMES, map(_finite, found), strict=False))


def averaged(images: Sequence[Statistics]) -> dict[str, float | None] | None:
    """Return the mean over the images of a run; None of no image, and of a number none has."""
    if not images:
        return None
    return {name: _mean([image[name] for image in images]) for name in NAMES}


def _grid(values: Array, most: int) -> Array:
    """Take every so-manieth value; an odd step, as an even one would keep to the same columns."""
    step = -(-values.size // most)
    return values[:: step | 1] if step > 1 else values


def _aspect(attributes: Mapping[str, Any]) -> float | None:
    rows, columns = attributes.get("rows"), attributes.get("columns")
    if not isinstance(rows, int | float) or not isinstance(columns, int | float):
        return None
    return columns / rows if rows > 0 and columns > 0 else None


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
