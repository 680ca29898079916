"""The grayscale steps, as PS3.3 C.11.1 (modality), C.11.2 (VOI) and C.7.6.3.1.2 define them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from inference.preprocessing.errors import StepFailed
from inference.preprocessing.picture import Picture, Values
from model_registry.packages.manifest import ModalityLut, Monochrome1, Voi
from vigil.kernel.errors import Fault

_MAX_ENTRIES = 1 << 16


def modality_lut(picture: Picture, step: ModalityLut) -> Picture:
    """Apply the Modality LUT or the rescale; an image has one of the two, or neither."""
    if table := _first_item(picture.header, "ModalityLUTSequence", step.kind):
        return _through_table(picture, table, step.kind)
    slope = _number(picture.header, "RescaleSlope", step.kind, 1.0)
    intercept = _number(picture.header, "RescaleIntercept", step.kind, 0.0)
    low, high = sorted((picture.low * slope + intercept, picture.high * slope + intercept))
    return picture.mapped(lambda values: values * slope + intercept, low, high)


def voi(picture: Picture, step: Voi) -> Picture:
    """Apply the first VOI LUT, else the first window; an image without either stays as it is.

    A window maps to the range of the values before it, as PS3.3 C.11.2.1.2 leaves open to do.
    """
    if step.window == "full":
        return picture
    if table := _first_item(picture.header, "VOILUTSequence", step.kind):
        return _through_table(picture, table, step.kind)
    centre = _number(picture.header, "WindowCenter", step.kind, None)
    width = _number(picture.header, "WindowWidth", step.kind, None)
    if centre is None or width is None:
        return picture
    function = str(picture.header.get("VOILUTFunction") or "LINEAR").strip().upper()
    if function not in _WINDOWS:
        raise failed(step.kind, "VOILUTFunction is none that PS3.3 C.11.2.1.3 defines")
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise failed(step.kind, "WindowWidth is too small")
    window, low, high = _WINDOWS[function], picture.low, picture.high
    return picture.mapped(lambda v: low + window(v, centre, width) * (high - low), low, high)


def monochrome1(picture: Picture, _step: Monochrome1) -> Picture:
    """Turn the values of an image whose least value is white; leave every other."""
    if picture.photometric != "MONOCHROME1":
        return picture
    low, high = picture.low, picture.high
    turned = picture.mapped(lambda values: low + high - values, low, high)
    return replace(turned, photometric="MONOCHROME2")


def failed(step: str, problem: str) -> StepFailed:
    fault = Fault(step, problem, "Have the image's header corrected where it is made")
    return StepFailed(f"Step {step}: {problem}.", (fault,))


def _linear(values: Values, centre: float, width: float) -> Values:
    """LINEAR, PS3.3 C.11.2.1.2.1, as a part of the output range."""
    if width == 1:
        return np.where(values <= centre - 0.5, 0.0, 1.0)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)


def _linear_exact(values: Values, centre: float, width: float) -> Values:
    """LINEAR_EXACT, PS3.3 C.11.2.1.3.2."""
    return np.clip((values - centre) / width + 0.5, 0.0, 1.0)


def _sigmoid(values: Values, centre: float, width: float) -> Values:
    """SIGMOID, PS3.3 C.11.2.1.3.1."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)))


_WINDOWS: dict[str, Callable[[Values, float, float], Values]] = {
    "LINEAR": _linear,
    "LINEAR_EXACT": _linear_exact,
    "SIGMOID": _sigmoid,
}


def _through_table(picture: Picture, item: Dataset, step: str) -> Picture:
    """Look values up; those outside take the nearest entry (PS3.3 C.11.1.1, C.11.2.1.1)."""
    entries, first, bits = _descriptor(item, step)
    table = _table(item, entries, step)

    def look_up(values: Values) -> Values:
        places = np.clip(np.floor(values) - first, 0, entries - 1).astype(np.int64)
        return np.asarray(table[places])

    return picture.mapped(look_up, 0.0, float((1 << bits) - 1))


def _descriptor(item: Dataset, step: str) -> tuple[int, int, int]:
    values = item.get("LUTDescriptor")
    try:
        entries, first, bits = (int(value) for value in values or ())
    except (TypeError, ValueError) as error:
        raise failed(step, "LUTDescriptor is not three numbers") from error
    entries = entries or _MAX_ENTRIES
    if not (0 < entries <= _MAX_ENTRIES and 1 <= bits <= 16):  # noqa: PLR2004 - bits of the standard
        raise failed(step, "LUTDescriptor is out of range")
    return entries, first, bits


def _table(item: Dataset, entries: int, step: str) -> Values:
    data: Any = item.get("LUTData")
    if isinstance(data, bytes):
        # OW, two bytes an entry; 8-bit tables may have one (PS3.3 C.11.1.1.1, note).
        little = getattr(item, "original_encoding", (None, True))[1] is not False
        wide = np.dtype("<u2" if little else ">u2")
        data = np.frombuffer(data, wide if len(data) >= 2 * entries else np.uint8)
    table = np.atleast_1d(np.asarray([] if data is None else data, dtype=np.float64))
    if table.ndim != 1 or len(table) < entries:
        raise failed(step, "LUTData has fewer entries than it says")
    return table[:entries]


def _first_item(header: Dataset, keyword: str, step: str) -> Dataset | None:
    try:
        sequence = header.get(keyword)
        return sequence[0] if sequence else None
    except (TypeError, ValueError, IndexError) as error:
        raise failed(step, f"{keyword} cannot be read") from error


def _number(header: Dataset, keyword: str, step: str, default: Any) -> Any:
    """Return an attribute's first value as a float, or `default` where it has none."""
    try:
        value: Any = header.get(keyword)
        if value is not None and not isinstance(value, (str, int, float)):
            value = next(iter(value), None)
        number = default if value in (None, "") else float(value)
    except (TypeError, ValueError) as error:
        raise failed(step, f"{keyword} is not a number") from error
    if number is not None and not np.isfinite(number):
        raise failed(step, f"{keyword} is not a finite number")
    return number
