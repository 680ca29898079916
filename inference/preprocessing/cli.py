"""`vigil package run`: what a package says about one DICOM file, without server or database."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from inference.preprocessing.pixels import read
from inference.preprocessing.tensors import make_inputs
from inference.runtime.interpret import scores
from inference.runtime.process import Limits, ModelProcess
from inference.runtime.settings import RuntimeSettings
from inference.studies.attributes import attributes_of
from model_registry.packages.archive import ModelPackage
from model_registry.packages.manifest import Input
from vigil.kernel.cel import Undecidable, compile_condition
from vigil.kernel.console import say, show

app = typer.Typer(help="Try a model package on an image.")

Package = Annotated[Path, typer.Argument(help="folder or .zip of the package", exists=True)]
DicomFile = Annotated[Path, typer.Argument(help="DICOM file", exists=True, dir_okay=False)]


@app.command()
def run(ctx: typer.Context, package: Package, file: DicomFile) -> None:
    """Preprocess a file, run the model on it in its child process, print each finding's score."""
    opened, data = ModelPackage.open(package), file.read_bytes()
    manifest = opened.manifest
    attributes = attributes_of(read(data))
    for complaint in _complaints(manifest.input, attributes):
        say(complaint)
    inputs = make_inputs(data, manifest.input, attributes)
    # Its own defaults: a package is tried where it is written, not where Vigil is set up.
    limits = Limits.of(manifest.resources, RuntimeSettings.model_construct())
    process = ModelProcess(opened.model, limits)
    try:
        prediction = process.run(inputs)
    finally:
        process.close()
    found = scores(prediction.outputs, manifest.output)
    show(
        ctx,
        [
            {
                "finding": score.key,
                "name": score.name,
                "score": round(score.score, 6),
                "threshold": score.threshold,
                "flagged": score.flagged,
            }
            for score in found
        ],
    )
    facts = prediction.facts
    say(f"onnxruntime {facts['onnxruntime']}, {facts['seconds']:.3f} s, network {facts['network']}")


def _complaints(declared: Input, attributes: Mapping[str, Any]) -> list[str]:
    """Say which of the manifest's conditions would have kept the file from the model."""
    complaints = []
    for name, condition in (("select", declared.select), ("guard", declared.guard)):
        try:
            holds = condition is None or compile_condition(condition).holds(dict(attributes))
        except Undecidable as unknown:
            complaints.append(f"Vigil would not run it on this file: {name}: {unknown}")
            continue
        if not holds:
            complaints.append(f"Vigil would not run it on this file: {name}: {condition}")
    return complaints
