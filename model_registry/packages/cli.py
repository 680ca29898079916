"""`vigil package`: make and check a package where it is written, without server or database."""

from pathlib import Path
from typing import Annotated

import typer

from model_registry.packages import checks, schemas, signature, skeleton
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build as build_archive
from model_registry.packages.errors import BrokenPackage, UnknownSchema
from model_registry.packages.layout import SIGNATURE
from vigil.kernel.console import CHECK_FAILED, extra_of, say, show
from vigil.kernel.objects import sha256

app = typer.Typer(help="Make and check a model package; needs no server.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="folder of the package")]
Source = Annotated[Path, typer.Argument(help="folder or .zip of the package", exists=True)]
KeyFile = Annotated[Path, typer.Argument(help="the private key to write; never written over")]
OnnxFile = Annotated[Path, typer.Argument(help="the ONNX file", exists=True, dir_okay=False)]


@app.command()
def init(ctx: typer.Context, model: OnnxFile, folder: Folder) -> None:
    """Write a commented draft of a package from an ONNX file."""
    written = skeleton.write_skeleton(model, folder)
    show(ctx, [{"file": str(path)} for path in written])
    say(f"Fill in each …, then: vigil package check {folder}")


@app.command()
def check(
    ctx: typer.Context,
    source: Source,
    run: Annotated[
        bool, typer.Option("--run", help="also run the golden cases, as admission does")
    ] = False,
) -> None:
    """Name every fault with its file, field and remedy; with --run, run the golden cases too."""
    package = ModelPackage.open(source)
    faults = checks.check(package)
    if faults:
        show(ctx, [{"field": f.field, "problem": f.problem, "remedy": f.remedy} for f in faults])
        say(f"{len(faults)} faults.")
        raise typer.Exit(CHECK_FAILED)
    if run:
        # The runtime is a floor above, and handed in.
        found = list(extra_of(ctx, "run_checks")(package))
        show(ctx, found)
        if not all(row["passed"] for row in found):
            raise typer.Exit(CHECK_FAILED)
    say("The package is in order.")


@app.command()
def build(
    ctx: typer.Context,
    folder: Source,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the .zip to write")] = None,
) -> None:
    """Check a package and write its archive; the same contents give the same digest."""
    _write(ctx, ModelPackage.open(folder), output)


@app.command()
def schema(
    name: Annotated[str | None, typer.Argument(help=f"one of {', '.join(schemas.NAMES)}")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="write all of them")] = None,
) -> None:
    """Print the JSON Schema of a file, or write every schema into a folder, for your editor."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        for each in schemas.NAMES:
            path = folder / f"{each}.schema.json"
            path.write_text(schemas.text_of(each), encoding="utf-8")
            say(f"Wrote {path}")
        return
    if name is None:
        raise UnknownSchema(f"Name one of {', '.join(schemas.NAMES)}.")
    typer.echo(schemas.text_of(name), nl=False)


@app.command()
def keygen(ctx: typer.Context, keyfile: KeyFile) -> None:
    """Make a key to sign packages with: KEYFILE stays with you, KEYFILE.pub is for the network."""
    key = signature.new_private_key()
    public = signature.public_bytes(key)
    signature.save_private_key(key, keyfile)
    shared = keyfile.with_name(f"{keyfile.name}.pub")
    shared.write_bytes(signature.public_pem(public))
    row = {"private": str(keyfile), "public": str(shared)}
    show(ctx, [{**row, "key_id": signature.key_id_of(public), "public_key": public.hex()}])
    say(f"Keep {keyfile} to yourself; give {shared} to the network, whose people then trust it.")


@app.command()
def sign(
    ctx: typer.Context,
    source: Source,
    key: Annotated[Path, typer.Option("--key", help="your private key", exists=True)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the .zip to write")] = None,
) -> None:
    """Check a package, sign it (Ed25519, over every file) and write its archive."""
    package = _unsigned(ModelPackage.open(source))
    _write(ctx, signature.sign(package, signature.load_private_key(key)), output)


@app.command()
def verify(
    ctx: typer.Context,
    source: Source,
    public: Annotated[Path, typer.Option("--public", help="the public key", exists=True)],
) -> None:
    """Prove that the holder of a key signed exactly these files; name what differs."""
    key = signature.load_public_key(public)
    package = ModelPackage.open(source)
    signature.verify(package, key)
    show(ctx, [{"key_id": signature.key_id_of(key), "files": len(package.files) - 1}])
    say("The signature is good, and these are the files that were signed.")


def _unsigned(package: ModelPackage) -> ModelPackage:
    """Leave out a signature of before: it is about to be replaced, so it need not fit."""
    return ModelPackage({k: v for k, v in package.files.items() if k != SIGNATURE})


def _write(ctx: typer.Context, package: ModelPackage, output: Path | None) -> None:
    faults = checks.check(package)
    if faults:
        raise BrokenPackage.because(faults)
    archive = build_archive(package)
    model = package.manifest.model
    path = output or Path(f"{model.name}-{model.version}.zip")
    path.write_bytes(archive)
    show(ctx, [{"file": str(path), "bytes": len(archive), "digest": sha256(archive)}])
