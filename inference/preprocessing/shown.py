"""What the steps make of one image, kept for people to look at: the same code as in production.

Nothing here computes an input. A `Recorder` is handed to `make_inputs`, which tells it of each
picture; of a file with many frames it keeps the middle one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.preprocessing.picture import Picture
from inference.preprocessing.png import png_of
from inference.preprocessing.steps import Seen
from model_registry.packages.manifest import Step, Tensor

STORED = "stored"
FED = "fed"


@dataclass(frozen=True)
class Stage:
    """A tensor after one step: `stored` before the first, `fed` as the model takes it."""

    tensor: str
    number: int
    step: str
    parameters: str
    shape: tuple[int, ...]
    dtype: str
    least: float
    greatest: float
    mean: float
    png: bytes | None

    def row(self) -> dict[str, Any]:
        """Return it in words and numbers."""
        return {
            "tensor": self.tensor,
            "step": self.step,
            "parameters": self.parameters,
            "shape": " x ".join(str(length) for length in self.shape),
            "dtype": self.dtype,
            "min": round(self.least, 6),
            "max": round(self.greatest, 6),
            "mean": round(self.mean, 6),
        }


class Recorder:
    """Keeps each stage of each tensor, with its picture where pictures are wanted."""

    def __init__(self, frame: int, *, pictures: bool) -> None:
        self.stages: list[Stage] = []
        self._frame = frame
        self._pictures = pictures

    def watch(self, tensor: Tensor, frame: int) -> Seen:
        def seen(step: Step | None, picture: Picture) -> None:
            if frame == self._frame:
                kind, words = (step.kind, _parameters(step)) if step else (STORED, "")
                self._keep(tensor.name, kind, words, picture.values, picture.values)

        return seen

    def fed(self, tensors: Sequence[Tensor], inputs: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep what the model is given, as it is given."""
        for tensor in tensors:
            array = inputs[tensor.name]
            words = (
                f"layout {tensor.layout}" if tensor.layout else f"from {', '.join(tensor.from_)}"
            )
            self._keep(tensor.name, FED, words, array, _picture_in(array, tensor, self._frame))

    def _keep(
        self,
        tensor: str,
        step: str,
        parameters: str,
        values: npt.NDArray[Any],
        picture: npt.NDArray[Any] | None,
    ) -> None:
        drawn = self._pictures and picture is not None and picture.size > 0
        self.stages.append(
            Stage(
                tensor=tensor,
                number=sum(stage.tensor == tensor for stage in self.stages),
                step=step,
                parameters=parameters,
                shape=values.shape,
                dtype=str(values.dtype),
                least=float(values.min()),
                greatest=float(values.max()),
                mean=float(values.mean(dtype=np.float64)),
                png=png_of(picture) if drawn and picture is not None else None,
            )
        )


def _parameters(step: Step) -> str:
    kept = step.model_dump(mode="json", by_alias=True, exclude={"kind"})
    return ", ".join(f"{name}: {value}" for name, value in kept.items())


def _picture_in(array: npt.NDArray[Any], tensor: Tensor, frame: int) -> npt.NDArray[Any] | None:
    """Return channels x rows x columns of a batch of one; nothing for a row of attributes."""
    if tensor.layout is None:
        return None
    image: npt.NDArray[Any] = array[0]
    if tensor.layout == "NHWC":
        image = np.moveaxis(image, -1, 0)
    return image[:, frame] if tensor.layout == "NCDHW" else image
