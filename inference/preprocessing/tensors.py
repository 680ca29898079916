"""The inputs of a model, as its manifest declares them, from a DICOM file and its attributes."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.preprocessing.errors import MissingAttribute, StepFailed, Undecodable
from inference.preprocessing.picture import Picture, Values
from inference.preprocessing.pixels import Frame, decode, frames_in, read
from inference.preprocessing.steps import Seen, apply
from model_registry.packages.manifest import Input, Tensor
from vigil.kernel.errors import Fault

Array = npt.NDArray[Any]
_GREY = 2
# For a tensor and the number of a frame, what is to be told of each step.
Watch = Callable[[Tensor, int], Seen]


def unwatched(_tensor: Tensor, _frame: int) -> Seen:
    """Tell nobody: an analysis keeps no picture of a step."""
    return lambda _step, _picture: None


class Images:
    """The frames of a file, each decoded once however many inputs are made of it."""

    def __init__(self, file: bytes) -> None:
        self._dataset = read(file)
        self.frame = cache(partial(decode, self._dataset))

    @property
    def count(self) -> int:
        return frames_in(self._dataset)


def make_inputs(
    file: bytes, declared: Input, attributes: Mapping[str, Any], watch: Watch = unwatched
) -> dict[str, Array]:
    """Build every input of the model from one DICOM file.

    Raises:
        CannotPreprocess: the file, its header or a step does not allow it.
    """
    images = Images(file)
    return {
        tensor.name: make_tensor(images, tensor, attributes, watch) for tensor in declared.tensors
    }


def make_tensor(
    images: Images, tensor: Tensor, attributes: Mapping[str, Any], watch: Watch = unwatched
) -> Array:
    """Build one input: an image by its steps, or a row of attributes."""
    if tensor.from_:
        return _row(tensor, attributes)
    frames = images.count
    if frames != 1 and tensor.layout != "NCDHW":
        problem = f"{frames} frames, and the model takes one image"
        fault = Fault("NumberOfFrames", problem, "Select images of one frame, or declare NCDHW")
        raise Undecodable(f"NumberOfFrames: {problem}.", (fault,))
    pictures = [
        _prepared(images.frame(index), tensor, watch(tensor, index)) for index in range(frames)
    ]
    return _cast(_laid_out(pictures, tensor), tensor)


def _prepared(frame: Frame, tensor: Tensor, seen: Seen) -> Values:
    values = apply(Picture.of(frame), tensor.steps, seen).values
    return values[np.newaxis] if values.ndim == _GREY else values


def _laid_out(pictures: Sequence[Values], tensor: Tensor) -> Values:
    """Arrange channels x rows x columns as the model takes them, as a batch of one."""
    if tensor.layout == "NCDHW":
        return np.stack(pictures, axis=1)[np.newaxis]
    image = pictures[0]
    return (np.moveaxis(image, 0, -1) if tensor.layout == "NHWC" else image)[np.newaxis]


def _cast(values: Values, tensor: Tensor) -> Array:
    """Give the values the declared type; whole types take the nearest number they can hold."""
    dtype = np.dtype(tensor.dtype)
    if dtype.kind in "iu":
        bounds = np.iinfo(dtype)
        values = np.clip(np.rint(values), bounds.min, bounds.max)
    with np.errstate(over="ignore", invalid="ignore"):
        cast = np.ascontiguousarray(values, dtype=dtype)
    if not (np.isfinite(values).all() and np.isfinite(cast).all()):
        fault = Fault(tensor.name, "not finite", "See the header's rescale and window")
        raise StepFailed(f"Input {tensor.name} is not finite after its steps.", (fault,))
    return cast


def _row(tensor: Tensor, attributes: Mapping[str, Any]) -> Array:
    numbers = [_number(name, tensor, attributes.get(name)) for name in tensor.from_]
    return _cast(np.asarray([numbers], dtype=np.float64), tensor)


def _number(name: str, tensor: Tensor, value: Any) -> float:
    codes = tensor.codes.get(name)
    if codes is not None:
        value = codes.get(str(value)) if value is not None else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problem = "unknown, or no number and no code for it"
        remedy = "Guard against it in the manifest, or give it a code"
        raise MissingAttribute(f"{name}: {problem}.", (Fault(name, problem, remedy),))
    return float(value)
