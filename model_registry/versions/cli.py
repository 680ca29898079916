"""`vigil model`: the models and their versions."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from model_registry.admission import service as admission
from model_registry.admission.models import AdmissionCheck
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.versions import service
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity.actor import Actor

app = typer.Typer(help="Submit model versions and look at them.", no_args_is_help=True)

POLL_SECONDS = 0.5
Reference = Annotated[str, typer.Argument(help="id of the version, or MODEL@VERSION")]
Source = Annotated[Path, typer.Argument(help="folder or .zip of the package", exists=True)]


@app.command("list")
def list_versions(ctx: typer.Context) -> None:
    """List the versions that you may see, the newest first."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        show(ctx, [_row(version) for version in service.versions(session, actor)])


@app.command("show")
def show_version(ctx: typer.Context, version: Reference) -> None:
    """Show a version's checks with their evidence."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.version_named(session, actor, version)
        checks = admission.checks(session, actor, found.id)
    say("  ".join(f"{key}: {value}" for key, value in _row(found).items()))
    show(ctx, [_check_row(check) for check in checks])


@app.command()
def submit(
    ctx: typer.Context,
    source: Source,
    reason: Annotated[str, typer.Option(help="why, for the audit")] = "submitted",
    wait: Annotated[float, typer.Option(help="seconds to wait for the checks to end")] = 0,
) -> None:
    """Submit a package. The same bytes again give the same version."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    archive = build(ModelPackage.open(source)) if source.is_dir() else source.read_bytes()
    with parts.database.write() as session:
        version = service.submit(
            session, actor, objects=parts.objects, archive=archive, reason=reason
        )
        service.request_admission(session, parts.queue, version)
    version = _wait(ctx, actor, version, wait)
    show(ctx, [_row(version)])
    if version.status is VersionStatus.REFUSED:
        say(f"Refused. See: vigil model show {version.id}")
        raise typer.Exit(CHECK_FAILED)


def _wait(ctx: typer.Context, actor: Actor, version: ModelVersion, seconds: float) -> ModelVersion:
    end = time.monotonic() + seconds
    while version.status is VersionStatus.SUBMITTED and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        with parts_of(ctx).database.read() as session:
            version = service.version(session, actor, version.id)
    return version


def _row(version: ModelVersion) -> dict[str, Any]:
    model = version.manifest["model"]
    return {
        "id": version.id,
        "model": f"{model['supplier']}/{model['name']}",
        "version": version.version,
        "status": version.status.value,
        "digest": version.digest,
        "submitted_at": version.submitted_at.isoformat(timespec="seconds"),
    }


def _check_row(check: AdmissionCheck) -> dict[str, Any]:
    return {
        "check": check.name,
        "passed": check.passed,
        "seconds": check.seconds,
        "evidence": check.evidence,
    }
