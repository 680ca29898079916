"""`vigil package`: make and check a package where it is written, without server or database."""

from pathlib import Path
from typing import Annotated

import typer

from model_registry.packages import checks, skeleton
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build as build_archive
from model_registry.packages.errors import BrokenPackage
from vigil.kernel.console import CHECK_FAILED, say, show
from vigil.kernel.objects import sha256

app = typer.Typer(help="Make and check a model package; needs no server.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="folder of the package")]
Source = Annotated[Path, typer.Argument(help="folder or .zip of the package", exists=True)]
OnnxFile = Annotated[Path, typer.Argument(help="the ONNX file", exists=True, dir_okay=False)]


@app.command()
def init(ctx: typer.Context, model: OnnxFile, folder: Folder) -> None:
    """Write a commented draft of a package from an ONNX file."""
    written = skeleton.write_skeleton(model, folder)
    show(ctx, [{"file": str(path)} for path in written])
    say(f"Fill in what is marked …, then: vigil package check {folder}")


@app.command()
def check(ctx: typer.Context, source: Source) -> None:
    """Name every fault with its file, field and remedy."""
    faults = checks.check(ModelPackage.open(source))
    if faults:
        show(ctx, [{"field": f.field, "problem": f.problem, "remedy": f.remedy} for f in faults])
        say(f"{len(faults)} faults.")
        raise typer.Exit(CHECK_FAILED)
    say("The package is in order.")


@app.command()
def build(
    ctx: typer.Context,
    folder: Source,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the .zip to write")] = None,
) -> None:
    """Check a package and write its archive; the same contents give the same digest."""
    package = ModelPackage.open(folder)
    faults = checks.check(package)
    if faults:
        raise BrokenPackage.because(faults)
    archive = build_archive(package)
    model = package.manifest.model
    path = output or Path(f"{model.name}-{model.version}.zip")
    path.write_bytes(archive)
    show(ctx, [{"file": str(path), "bytes": len(archive), "digest": sha256(archive)}])
