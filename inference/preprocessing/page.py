"""The folder that `vigil package run --images` writes: a picture of each step and one page of all.

The page holds its pictures, loads nothing, runs nothing and names no identifier of the file; the
pictures are a patient's, so only who wrote the folder may open it.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from inference.preprocessing.shown import Stage
from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault

Rows = list[dict[str, Any]]
INDEX, FACTS = "index.html", "steps.json"


@dataclass(frozen=True)
class Trial:
    """What came of running a package on one file."""

    model: str
    conditions: Rows
    stages: list[Stage]
    scores: Rows = field(default_factory=list)
    resources: Rows = field(default_factory=list)
    failure: str | None = None


def empty_folder(path: Path) -> Path:
    """Make the folder, for its owner alone.

    Raises:
        BrokenPackage: there is something in it.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(path.iterdir()):
        fault = Fault(path.name, "not empty", "Name a new folder: pictures of one file each")
        raise BrokenPackage.because([fault])
    path.chmod(0o700)
    return path


def write(folder: Path, trial: Trial) -> list[Path]:
    """Write the pictures, the page and the same in numbers; return what was written."""
    numbers = {name: n for n, name in enumerate(dict.fromkeys(s.tensor for s in trial.stages), 1)}
    named = [
        (f"tensor{numbers[stage.tensor]}-{stage.number:02}-{stage.step}.png", stage)
        for stage in trial.stages
    ]
    files = {name: stage.png for name, stage in named if stage.png is not None}
    facts = {
        "model": trial.model,
        "conditions": trial.conditions,
        "steps": [{**stage.row(), "picture": name if stage.png else None} for name, stage in named],
        "scores": trial.scores,
        "resources": trial.resources,
        "failure": trial.failure,
    }
    files[FACTS] = json.dumps(facts, indent=2).encode()
    files[INDEX] = page_of(trial).encode()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def page_of(trial: Trial) -> str:
    environment = Environment(
        loader=PackageLoader("inference.preprocessing"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["data_uri"] = _data_uri
    return environment.get_template("trial.html").render(trial=trial)


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
