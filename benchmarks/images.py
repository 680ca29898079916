"""Made-up DICOM images of the size of real ones: a gradient with noise, 12 bits stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    generate_uid,
)


@dataclass(frozen=True)
class Kind:
    """A kind of image: a CT slice of half a megabyte, or a CR plate of ten."""

    modality: str
    sop_class_uid: str
    rows: int
    columns: int
    images_in_a_series: int


CT = Kind("CT", CTImageStorage, 512, 512, 50)
CR = Kind("CR", ComputedRadiographyImageStorage, 2500, 2000, 2)


def write(kind: Kind, count: int, folder: Path, seed: int = 0) -> Sequence[Path]:
    """Write one study of `count` images and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed)
    study = generate_uid()
    paths = []
    for number in range(count):
        if number % kind.images_in_a_series == 0:
            series = generate_uid()
        path = folder / f"{kind.modality}{number:05}.dcm"
        _image(kind, noise, study, series, number).save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _image(kind: Kind, noise: np.random.Generator, study: str, series: str, number: int) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = kind.sop_class_uid, generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = study, series
    made.StudyDate, made.StudyTime, made.StudyID = "20260101", "120000", "1"
    made.AccessionNumber, made.ReferringPhysicianName = "", ""
    made.PatientName, made.PatientID = "Benchmark^Made-up", "BENCHMARK"
    made.PatientBirthDate, made.PatientSex, made.PatientAge = "19700101", "O", "056Y"
    made.Modality, made.BodyPartExamined, made.ViewPosition = kind.modality, "CHEST", "PA"
    made.Manufacturer, made.InstanceNumber, made.SeriesNumber = "Made up", number + 1, 1
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = kind.rows, kind.columns
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.RescaleIntercept, made.RescaleSlope = 0, 1
    made.WindowCenter, made.WindowWidth = 2048, 4096
    made.PixelData = _pixels(kind, noise)
    return made


def _pixels(kind: Kind, noise: np.random.Generator) -> bytes:
    gradient = np.linspace(0, 3000, kind.columns)[None, :]
    picture = gradient + noise.normal(400, 60, (kind.rows, kind.columns))
    return picture.clip(0, 4095).astype("<u2").tobytes()
