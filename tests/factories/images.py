"""DICOM images of chosen values, as Part 10 files."""

from io import BytesIO
from typing import Any

import numpy as np
from factories.studies import make_data_set
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

Array = np.ndarray[Any, np.dtype[Any]]


def make_image(values: Array, **elements: Any) -> Dataset:
    """A digital X-ray whose stored values are `values`: int16 or uint16."""
    bits = elements.pop("BitsStored", 16)
    data_set = make_data_set(
        Rows=values.shape[-2],
        Columns=values.shape[-1],
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=int(values.dtype.kind == "i"),
        PixelData=values.astype(values.dtype.newbyteorder("<")).tobytes(),
        **elements,
    )
    data_set["PixelData"].VR = "OW"
    data_set.file_meta = FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    return data_set


def make_file(values: Array, **elements: Any) -> bytes:
    target = BytesIO()
    make_image(values, **elements).save_as(target, enforce_file_format=True)
    return target.getvalue()
