"""What the demonstration sends: real DICOM over real associations, by pynetdicom's programs."""

import csv
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

REALDATA = Path(__file__).parents[5] / "shared" / "realdata" / "cxr_dicom"
SPLITS = REALDATA.parent / "cxr" / "scores_nih64_multihead.csv"
CHEST = ("RG1_UNCR.dcm", "RG1_UNCI.dcm", "RG1_J2KR.dcm", "RG1_J2KI.dcm")
# What a chest model must decline: a hand, a head, an abdomen, an ultrasound.
OTHERS = ("RG3_UNCR.dcm", "eCT_Supplemental.dcm", "MR2_UNCR.dcm", "US1_UNCR.dcm")
ADULTS, CHILDREN = 110, 92
# Labelled ones from the archive, and some in shadow; the rest are live.
TESTED_CHILDREN, SHADOW_CHILDREN = 80, 4
SEED = 20261121


@dataclass(frozen=True)
class Image:
    """A file to send, with what is known to be true of it (never from ImageComments)."""

    path: Path
    truth: bool | None


@dataclass(frozen=True)
class Batch:
    """Images that one machine of a site sends."""

    name: str
    site: str
    calling_ae: str
    images: tuple[Image, ...]


def public_images(folder: Path) -> list[Image]:
    """Return the real files that pydicom-data brings, each as a study of its own.

    The same exposure in four syntaxes has one UID in all four: as studies of their own they get
    their own, as a modality would have given them.
    """
    images = []
    for name in (*CHEST, *OTHERS):
        dataset = pydicom.dcmread(_testdata(name))
        dataset.StudyInstanceUID = generate_uid(entropy_srcs=[name, "study"])
        dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[name, "series"])
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[name, "instance"])
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        path = folder / name
        dataset.save_as(path)
        # Is it an antero-posterior view? RG1 says of itself that it is PA.
        images.append(Image(path, truth=False if name in CHEST else None))
    return images


def tested_adults() -> list[Image]:
    """Return the adults' radiographs that the view check was not trained on: what tests it."""
    return [_of_view(row) for row in _adults() if row["file"] in _held_out()]


def adult_images() -> list[Image]:
    """Return other adults' radiographs of both views, as they come."""
    rows = [row for row in _adults() if row["file"] not in _held_out()]
    random.Random(SEED).shuffle(rows)
    return [_of_view(row) for row in rows[:ADULTS]]


def _adults() -> list[dict[str, str]]:
    return [row for row in _manifest() if row["dataset"] == "nih1000_64px"]


def _held_out() -> set[str]:
    with SPLITS.open(newline="") as file:
        return {row["file"] for row in csv.DictReader(file) if row["split"] != "train"}


def _of_view(row: dict[str, str]) -> Image:
    return Image(REALDATA / row["dicom"], truth=row["view"] == "AP")


def child_images() -> list[Image]:
    """Return children's radiographs, ill and well in turn."""
    rows = [row for row in _manifest() if row["dataset"] == "kermany"]
    random.Random(SEED).shuffle(rows)
    ill = [row for row in rows if row["finding"].startswith("Pneumonia")]
    well = [row for row in rows if row["finding"] == "No Finding"]
    half = CHILDREN // 2
    pairs = zip(ill[:half], well[:half], strict=True)
    return [Image(REALDATA / row["dicom"], row in ill) for pair in pairs for row in pair]


def has_realdata() -> bool:
    return (REALDATA / "manifest.csv").is_file()


def send(batch: Batch, port: int, called_ae: str) -> subprocess.CompletedProcess[bytes]:
    """Send a batch over one association."""
    with tempfile.TemporaryDirectory() as folder:
        for number, image in enumerate(batch.images):
            Path(folder, f"{number:05}.dcm").symlink_to(image.path.resolve())
        return subprocess.run(
            [
                *_program("storescu", "127.0.0.1", str(port), folder),
                *("-aet", batch.calling_ae, "-aec", called_ae, "-cx", "-q"),
            ],
            check=False,
            capture_output=True,
        )


def start_pacs(port: int, ae_title: str, folder: Path) -> "subprocess.Popen[bytes]":
    """Start the demonstration's own PACS: an independent storage provider."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        _program("storescp", str(port), "-aet", ae_title, "-od", str(folder), "-q"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _program(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "pynetdicom", name, *arguments]


def _testdata(name: str) -> Path:
    found = get_testdata_file(name, download=False)
    if not isinstance(found, str):
        raise FileNotFoundError(f"pydicom-data lacks {name}: run `make setup` again")
    return Path(found)


def _manifest() -> Sequence[dict[str, str]]:
    with (REALDATA / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))
