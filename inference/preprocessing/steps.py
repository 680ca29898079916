"""Each step that a manifest may declare, as a pure function from picture to picture."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inference.preprocessing.grey import failed, modality_lut, monochrome1, voi
from inference.preprocessing.picture import Picture, Values
from inference.preprocessing.resampling import Rows, resize
from model_registry.packages.manifest import (
    Channels,
    ModalityLut,
    Monochrome1,
    Normalise,
    Resize,
    Scale,
    Step,
    Voi,
)

_WITH_CHANNELS = 3
# What watches the steps: the step just done, or None at the start, and the picture as it is then.
Seen = Callable[[Step | None, Picture], None]


def apply(picture: Picture, steps: Sequence[Step], seen: Seen) -> Picture:
    """Apply the steps in their order; `seen` is told of the picture before and after each.

    Raises:
        StepFailed: one cannot be done; it is named.
    """
    seen(None, picture)
    for step in steps:
        picture = _STEPS[type(step)](picture, step)
        seen(step, picture)
    return picture


def resized(picture: Picture, step: Resize) -> Picture:
    height, width = picture.shape[-2:]

    def resize_one(rows: Rows) -> Values:
        return resize(rows, (height, width), step.height, step.width, step.method)

    if len(picture.shape) < _WITH_CHANNELS:
        return picture.holding(resize_one(picture.rows))
    return picture.holding(np.stack([resize_one(one.__getitem__) for one in picture.values]))


def scale(picture: Picture, step: Scale) -> Picture:
    """Map a range to another; what lies outside takes the nearer end."""
    low, high = _range(picture, step)
    least, greatest = step.to
    if high <= low:
        return picture.mapped(lambda values: np.full_like(values, least), least, greatest)

    def spread(values: Values) -> Values:
        part = np.clip((values - low) / (high - low), 0.0, 1.0)
        return np.asarray(least + part * (greatest - least))

    return picture.mapped(spread, least, greatest)


def normalise(picture: Picture, step: Normalise) -> Picture:
    """Subtract the mean and divide by the standard deviation."""
    count = picture.shape[0] if len(picture.shape) == _WITH_CHANNELS else 1
    if len(step.mean) not in {1, count}:
        problem = f"{len(step.mean)} means for {count} channels; `channels` has to come before"
        raise failed(step.kind, problem)
    low, high = ((end - step.mean[0]) / step.std[0] for end in (picture.low, picture.high))
    if len(step.mean) == 1:
        return picture.mapped(lambda values: (values - step.mean[0]) / step.std[0], low, high)
    mean, std = (np.asarray(part).reshape(-1, 1, 1) for part in (step.mean, step.std))
    return picture.mapped(lambda values: (values - mean) / std, low, high)


def channels(picture: Picture, step: Channels) -> Picture:
    """Repeat a grey image."""
    if len(picture.shape) == _WITH_CHANNELS:
        raise failed(step.kind, "the image has channels already")
    return picture.holding(np.repeat(picture.values[np.newaxis], step.count, axis=0))


def _range(picture: Picture, step: Scale) -> tuple[float, float]:
    if step.from_ == "stored":
        return picture.low, picture.high
    if step.from_ == "data":
        return float(picture.values.min()), float(picture.values.max())
    return step.from_


_STEPS: dict[type, Callable[[Picture, Any], Picture]] = {
    ModalityLut: modality_lut,
    Voi: voi,
    Monochrome1: monochrome1,
    Resize: resized,
    Scale: scale,
    Normalise: normalise,
    Channels: channels,
}
