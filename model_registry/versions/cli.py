"""`vigil model`: the models and their versions."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from model_registry.admission import again
from model_registry.admission import service as admission
from model_registry.admission.models import AdmissionCheck
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.versions import aliases, contents, service
from model_registry.versions.comparison import Section
from model_registry.versions.models import ModelAlias, ModelVersion, VersionStatus
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.identity.actor import Actor

app = typer.Typer(help="Submit model versions and look at them.", no_args_is_help=True)
alias_app = typer.Typer(help="Names that stand for a version of a model.", no_args_is_help=True)
app.add_typer(alias_app, name="alias")

POLL_SECONDS = 0.5
Reference = Annotated[str, typer.Argument(help="id of the version, MODEL@VERSION or MODEL@ALIAS")]
Named = Annotated[str, typer.Argument(help="id of the model, or SUPPLIER/MODEL")]
Name = Annotated[str, typer.Argument(help="the alias, such as champion")]
Why = Annotated[str, typer.Option(help="why, for the audit")]
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
    handover = service.prepare(parts.database, parts.objects, actor, archive)
    with parts.database.write() as session:
        version = service.submit(
            session, actor, objects=parts.objects, handover=handover, reason=reason
        )
        service.request_admission(session, parts.queue, version)
    version = _wait(ctx, actor, version, wait)
    show(ctx, [_row(version)])
    if version.status is VersionStatus.REFUSED:
        say(f"Refused. See: vigil model show {version.id}")
        raise typer.Exit(CHECK_FAILED)


@app.command()
def recheck(
    ctx: typer.Context,
    version: Reference,
    reason: Why,
    wait: Annotated[float, typer.Option(help="seconds to wait for the checks to end")] = 0,
) -> None:
    """Have a refused version checked again on the same bytes, such as after its key is trusted."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.write() as session:
        found = service.version_named(session, actor, version)
        again.ask(session, actor, parts.queue, version_id=found.id, reason=reason)
        steps = len(service.changes(session, actor, found.id))
    end = time.monotonic() + wait
    while time.monotonic() < end:
        time.sleep(POLL_SECONDS)
        with parts.database.read() as session:
            found = service.version(session, actor, found.id)
            if len(service.changes(session, actor, found.id)) > steps:
                break
    show(ctx, [_row(found)])


@app.command()
def compare(ctx: typer.Context, before: Reference, after: Reference) -> None:
    """Show field by field what differs between two versions."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.read() as session:
        had = service.version_named(session, actor, before)
        has = service.version_named(session, actor, after)
        found = contents.compare_versions(session, parts.objects, had, has)
    if not any(one.section is Section.WEIGHTS for one in found):
        say("The weights are identical: the same model.onnx, byte for byte.")
    rows = [
        {"section": d.section.value, "path": d.path, "before": d.before, "after": d.after}
        for d in found
    ]
    show(ctx, rows)


@alias_app.command("list")
def list_aliases(ctx: typer.Context, model: Named) -> None:
    """List the aliases of a model."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.model_named(session, actor, model)
        show(ctx, [_alias_row(a) for a in aliases.standing(session, actor, found.id)])


@alias_app.command("set")
def set_alias(ctx: typer.Context, name: Name, version: Reference, reason: Why) -> None:
    """Let a name stand for a version, in place of what it stood for."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.version_named(session, actor, version)
        alias = aliases.set_alias(
            session,
            actor,
            model_id=found.model_id,
            name=name,
            version_id=found.id,
            reason=reason,
        )
        show(ctx, [_alias_row(alias)])


@alias_app.command("clear")
def clear_alias(ctx: typer.Context, model: Named, name: Name, reason: Why) -> None:
    """End an alias: the name stands for nothing."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.model_named(session, actor, model)
        aliases.clear_alias(session, actor, model_id=found.id, name=name, reason=reason)
    say(f"{name} stands for nothing now.")


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


def _alias_row(alias: ModelAlias) -> dict[str, Any]:
    return {
        "alias": alias.name,
        "version": alias.version_id,
        "set_at": alias.set_at.isoformat(timespec="seconds"),
        "set_by": alias.set_by_label,
        "reason": alias.reason,
    }
