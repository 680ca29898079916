"""The stored values of one frame of a Part 10 file, read by a decoder that is chosen, not found.

pydicom would take whichever plugin it meets first, which may be another on another machine. What
decodes an image is part of what a Run is, so it is written down here.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from inference.preprocessing.errors import Undecodable
from vigil.kernel.errors import Fault

Stored = npt.NDArray[np.integer[Any]]

# In the order of trying: pyjpegls is faster, gdcm also takes streams with odd padding.
PLUGINS: Final[dict[UID, tuple[str, ...]]] = {
    RLELossless: ("pylibjpeg",),
    JPEG2000Lossless: ("pylibjpeg",),
    JPEG2000: ("pylibjpeg",),
    HTJ2KLossless: ("pylibjpeg",),
    HTJ2KLosslessRPCL: ("pylibjpeg",),
    HTJ2K: ("pylibjpeg",),
    JPEGLSLossless: ("pyjpegls", "gdcm"),
    JPEGLSNearLossless: ("pyjpegls", "gdcm"),
    JPEGBaseline8Bit: ("gdcm",),
    JPEGExtended12Bit: ("gdcm",),
    JPEGLossless: ("gdcm",),
    JPEGLosslessSV1: ("gdcm",),
}
MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
# Far above any radiograph; a header that claims more is refused before memory is reserved for it.
MAX_PIXELS = 1 << 27
_MAX_BITS = 16


@dataclass(frozen=True)
class Frame:
    """One frame: its stored values, what they may be, and the header that explains them."""

    values: Stored
    bits_stored: int
    signed: bool
    photometric: str
    header: Dataset

    @property
    def range(self) -> tuple[float, float]:
        """Return the least and greatest value that the bits stored allow (PS3.3 C.7.6.3.1.1)."""
        if self.signed:
            return float(-(1 << self.bits_stored - 1)), float((1 << self.bits_stored - 1) - 1)
        return 0.0, float((1 << self.bits_stored) - 1)


def read(file: bytes) -> Dataset:
    """Read a Part 10 file.

    Raises:
        Undecodable: it is none.
    """
    try:
        return dcmread(BytesIO(file))
    except Exception as error:
        raise _undecodable("file", "not a DICOM file that can be read") from error


def frames_in(dataset: Dataset) -> int:
    """Return the number of frames; a header without one means one (PS3.3 C.7.6.6)."""
    return _whole(dataset, "NumberOfFrames", 1)


def decode(dataset: Dataset, index: int = 0) -> Frame:
    """Decode one frame, counted from 0.

    Raises:
        Undecodable: there is no grayscale image, or its bytes are broken.
    """
    photometric, bits = _check(dataset)
    stored = _stored(dataset, index)
    if stored.shape != (dataset.Rows, dataset.Columns):
        raise _undecodable("PixelData", "not as many pixels as the header says")
    return Frame(
        values=stored,
        bits_stored=bits,
        signed=_whole(dataset, "PixelRepresentation", 0) == 1,
        photometric=photometric,
        header=dataset,
    )


def _stored(dataset: Dataset, index: int) -> Stored:
    plugins = PLUGINS.get(_transfer_syntax(dataset), ("",))
    for plugin in plugins:
        try:
            return pixel_array(dataset, index=index, raw=True, decoding_plugin=plugin)
        except Exception as error:
            if plugin == plugins[-1]:
                raise _undecodable("PixelData", "the pixel data cannot be decoded") from error
    raise AssertionError("the last plugin returns or raises")


def _check(dataset: Dataset) -> tuple[str, int]:
    photometric = str(dataset.get("PhotometricInterpretation", "")).strip()
    if photometric not in MONOCHROME or _whole(dataset, "SamplesPerPixel", 1) != 1:
        raise _undecodable("PhotometricInterpretation", "not a grayscale image")
    bits = _whole(dataset, "BitsStored", 0)
    if not 1 <= bits <= _MAX_BITS:
        raise _undecodable("BitsStored", f"not within 1 and {_MAX_BITS}")
    if not 0 < _whole(dataset, "Rows", 0) * _whole(dataset, "Columns", 0) <= MAX_PIXELS:
        raise _undecodable("Rows", "no image, or one that is larger than any radiograph")
    if "PixelData" not in dataset:
        raise _undecodable("PixelData", "missing")
    return photometric, bits


def _transfer_syntax(dataset: Dataset) -> UID:
    meta: Any = getattr(dataset, "file_meta", None)
    syntax = getattr(meta, "TransferSyntaxUID", None)
    if syntax is None:
        raise _undecodable("TransferSyntaxUID", "missing")
    if syntax.is_compressed and syntax.is_encapsulated and syntax not in PLUGINS:
        raise _undecodable("TransferSyntaxUID", "not one that Vigil decodes")
    return UID(syntax)


def _whole(dataset: Dataset, keyword: str, default: int) -> int:
    try:
        value = dataset.get(keyword)
        return default if value is None else int(value)
    except (TypeError, ValueError) as error:
        raise _undecodable(keyword, "not one whole number") from error


def _undecodable(field: str, problem: str) -> Undecodable:
    remedy = "Have the modality or archive send the image again"
    return Undecodable(f"{field}: {problem}.", (Fault(field, problem, remedy),))
