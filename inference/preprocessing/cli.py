"""`vigil package run`: what a package says about one DICOM file, without server or database."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from inference.preprocessing.page import Rows, Trial, empty_folder, write
from inference.preprocessing.pixels import frames_in, read
from inference.preprocessing.shown import Recorder
from inference.preprocessing.tensors import make_inputs
from inference.runtime.interpret import scores
from inference.runtime.process import Limits, ModelProcess, Prediction
from inference.runtime.settings import RuntimeSettings
from inference.studies.attributes import attributes_of
from model_registry.packages.archive import ModelPackage
from model_registry.packages.manifest import Input, Manifest, Resources
from vigil.kernel.cel import Undecidable, compile_condition
from vigil.kernel.console import say, show
from vigil.kernel.errors import VigilError

app = typer.Typer(help="Try a model package on an image.")

Package = Annotated[Path, typer.Argument(help="folder or .zip of the package", exists=True)]
DicomFile = Annotated[Path, typer.Argument(help="DICOM file", exists=True, dir_okay=False)]
Images = Annotated[
    Path | None,
    typer.Option(
        "--images",
        help="folder for a picture of each step and a page of all; they show the patient's image",
        file_okay=False,
    ),
]


@app.command()
def run(ctx: typer.Context, package: Package, file: DicomFile, images: Images = None) -> None:
    """Run a package on one DICOM file: each finding's score, and what each step made of the image.

    Scores go to standard output, the steps to standard error. With --images the folder holds
    patient data: pictures of the image after each step, beside the scores in index.html.
    """
    folder = empty_folder(images) if images else None
    opened, data = ModelPackage.open(package), file.read_bytes()
    manifest, dataset = opened.manifest, read(data)
    attributes = attributes_of(dataset)
    recorder = Recorder(frames_in(dataset) // 2, pictures=folder is not None)
    trial = Trial(
        model=f"{manifest.model.name} {manifest.model.version}",
        conditions=_conditions(manifest.input, attributes),
        stages=recorder.stages,
    )
    for row in trial.conditions:
        say(f"{row['condition']}: {row['verdict']}: {row['source']}")
    try:
        prediction = _predicted(opened, data, attributes, recorder)
        trial = replace(trial, resources=_resources(prediction.facts, manifest.resources))
        say(f"onnxruntime {prediction.facts['onnxruntime']}, network {prediction.facts['network']}")
        trial = replace(trial, scores=_scores(prediction, manifest))
    except VigilError as error:
        trial = replace(trial, failure=error.detail)
        raise
    finally:
        _tell(trial, folder)
    show(ctx, trial.scores)


def _predicted(
    package: ModelPackage, data: bytes, attributes: Mapping[str, Any], recorder: Recorder
) -> Prediction:
    declared = package.manifest.input
    inputs = make_inputs(data, declared, attributes, recorder.watch)
    recorder.fed(declared.tensors, inputs)
    # Its own defaults: a package is tried where it is written, not where Vigil is set up.
    limits = Limits.of(package.manifest.resources, RuntimeSettings.model_construct())
    process = ModelProcess(package.model, limits)
    try:
        return process.run(inputs)
    finally:
        process.close()


def _scores(prediction: Prediction, manifest: Manifest) -> Rows:
    return [
        {
            "finding": score.key,
            "name": score.name,
            "score": round(score.score, 6),
            "threshold": score.threshold,
            "flagged": score.flagged,
        }
        for score in scores(prediction.outputs, manifest.output)
    ]


def _tell(trial: Trial, folder: Path | None) -> None:
    for stage in trial.stages:
        said = " ".join(part for part in (stage.step, stage.parameters) if part)
        size = f"{stage.row()['shape']} {stage.dtype}"
        span = f"{stage.least:.6g} to {stage.greatest:.6g}, mean {stage.mean:.6g}"
        say(f"{stage.tensor} {stage.number}: {said}: {size}, {span}")
    for row in trial.resources:
        say(f"{row['what']}: {row['used']} of {row['declared']}: {row['verdict']}")
    if folder:
        write(folder, trial)
        say(f"Look at {folder / 'index.html'}; it holds patient data, so delete it afterwards.")


def _resources(facts: Mapping[str, Any], declared: Resources) -> Rows:
    """Compare what it took with what the manifest declares; memory is above the runtime's own."""
    memory = max(0.0, facts["peak_rss_mb"] - facts.get("base_rss_mb", 0.0))
    return [
        _used("seconds", round(facts["seconds"], 3), declared.max_seconds),
        _used("memory in MB", round(memory, 1), declared.max_memory_mb),
    ]


def _used(what: str, used: float, declared: float) -> dict[str, Any]:
    verdict = "within" if used <= declared else "above: raise it in resources, or shrink the model"
    return {"what": what, "used": used, "declared": declared, "verdict": verdict}


def _conditions(declared: Input, attributes: Mapping[str, Any]) -> Rows:
    """Say of each of the manifest's conditions whether it lets the model have this file."""
    return [
        {"condition": name, "verdict": _verdict(source, attributes), "source": source}
        for name, source in (("select", declared.select), ("guard", declared.guard))
        if source is not None
    ]


def _verdict(source: str, attributes: Mapping[str, Any]) -> str:
    try:
        holds = compile_condition(source).holds(dict(attributes))
    except Undecidable as unknown:
        return f"Vigil would not run it on this file, {unknown}"
    return "holds" if holds else "Vigil would not run it on this file"
