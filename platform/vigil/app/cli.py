"""`vigil`: every domain's commands under one name."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import typer

from inference.delivery import cli as delivery
from inference.preprocessing import cli as preprocessing
from inference.readiness import cli as readiness
from inference.routing import cli as routing
from inference.runs import cli as runs
from inference.runtime.golden import PackageRunner
from inference.runtime.settings import RuntimeSettings
from inference.studies import cli as studies
from model_registry.admission.rehearsed import run_checks
from model_registry.approvals import cli as approvals
from model_registry.deployments import cli as deployments
from model_registry.keys import cli as keys
from model_registry.nodes import cli as nodes
from model_registry.packages import cli as packages
from model_registry.packages.archive import ModelPackage
from model_registry.plans import cli as plans
from model_registry.safety import cli as safety
from model_registry.stops import cli as stops
from model_registry.submissions import cli as submissions
from model_registry.versions import cli as versions
from model_registry.webhooks import cli as webhooks
from surveillance.alerts import cli as alerts
from surveillance.fairness import cli as fairness
from surveillance.local_tests import cli as local_tests
from surveillance.reports import cli as reports
from surveillance.simulation import cli as simulation
from surveillance.streams import cli as streams
from transparency_cards.cards import cli as cards
from vigil import __version__
from vigil.app import dicom_node, schema, settings, web, worker
from vigil.app.doctor import examine
from vigil.app.processes import ROLES, Processes
from vigil.app.wiring import GATES, VERSION_GATES, build_parts
from vigil.kernel.audit import cli as audit
from vigil.kernel.console import CHECK_FAILED, fail, parts_of, root, say, show
from vigil.kernel.engine import cli as work
from vigil.kernel.engine import ledger
from vigil.kernel.errors import VigilError
from vigil.kernel.identity import cli as identity
from vigil.kernel.parts import Parts
from vigil.kernel.settings import explain
from vigil.kernel.telemetry import configure_logging
from vigil.kernel.web import cli as assets

db_app = typer.Typer(help="The database's schema.", no_args_is_help=True)
config_app = typer.Typer(help="The settings of this installation.", no_args_is_help=True)
serve_app = typer.Typer(help="One of Vigil's processes.", no_args_is_help=True)


def _parts() -> Parts:
    read = settings.read()
    configure_logging(read.log_level)
    return build_parts(read)


def _run_checks(package: ModelPackage) -> Iterator[dict[str, Any]]:
    # Read from the environment alone: a package is tried where it is written.
    return run_checks(package, PackageRunner(RuntimeSettings()))


@db_app.callback()
@config_app.callback()
def group() -> None:
    """Keep a lone command a command of its own."""


@db_app.command()
def upgrade(ctx: typer.Context) -> None:
    """Bring the database to the schema that this code expects; safe to repeat."""
    database = parts_of(ctx).database
    schema.upgrade(database)
    ledger.prepare(database)
    say("The schema is up to date.")


@config_app.command("show")
def show_config(ctx: typer.Context) -> None:
    """Print every setting with its value and where it comes from; secrets are masked."""
    show(
        ctx,
        [
            {"setting": row.name, "value": row.value, "source": row.source}
            for row in explain(settings.read())
        ],
    )


@serve_app.command("web")
def serve_web() -> None:
    """Serve the console, the API and the public register."""
    web.serve(settings.read())


@serve_app.command("dicom")
def serve_dicom() -> None:
    """Receive DICOM."""
    dicom_node.serve(settings.read())


@serve_app.command("worker")
def serve_worker() -> None:
    """Do the durable work."""
    worker.serve(settings.read())


def up() -> None:
    """Run every process of a single machine until Ctrl-C; one that dies is started again."""
    read = settings.read()
    configure_logging(read.log_level)
    say(f"The console is at {read.url}. Ctrl-C ends it.")
    with Processes(ROLES) as running:
        running.wait()


def doctor(ctx: typer.Context) -> None:
    """Check this installation; exit code 3 where something needs attention."""
    found = examine(parts_of(ctx))
    show(ctx, [{"check": one.name, "good": one.good, "note": one.note} for one in found])
    if not all(one.good for one in found):
        raise typer.Exit(CHECK_FAILED)


def openapi() -> None:
    """Print the description of the API (OpenAPI 3.1)."""
    typer.echo(json.dumps(web.create_app(_parts()).openapi(), indent=2))


def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def build() -> typer.Typer:
    """Build the command line."""
    app = root(_parts, {"gates": GATES, "version_gates": VERSION_GATES, "run_checks": _run_checks})
    for name, noun in {
        "serve": serve_app,
        "db": db_app,
        "config": config_app,
        "assets": assets.app,
        "organisation": identity.organisation_app,
        "site": _joined(identity.site_app, readiness.site_app),
        "user": identity.user_app,
        "token": identity.token_app,
        "node": _joined(nodes.app, readiness.node_app),
        "package": _joined(packages.app, preprocessing.app),
        "key": keys.app,
        "model": _joined(_joined(versions.app, approvals.app), plans.app),
        "submission": submissions.app,
        "card": cards.app,
        "safety": safety.app,
        "deployment": deployments.app,
        "stop": stops.app,
        "rule": routing.app,
        "study": studies.app,
        "run": runs.app,
        "queue": _joined(delivery.app, work.app),
        "acceptance-test": local_tests.app,
        "surveillance": _joined(_joined(streams.app, fairness.app), simulation.app),
        "alert": alerts.app,
        "report": reports.app,
        "webhook": webhooks.app,
        "audit": audit.app,
    }.items():
        app.add_typer(noun, name=name)
    for command in (up, doctor, openapi, version):
        app.command()(command)
    return app


def _joined(below: typer.Typer, above: typer.Typer) -> typer.Typer:
    """Put the commands that a higher floor has for the same noun beside its own."""
    both = typer.Typer(help=below.info.help, no_args_is_help=True)
    both.registered_commands = [*below.registered_commands, *above.registered_commands]
    both.registered_groups = [*below.registered_groups, *above.registered_groups]
    return both


def main() -> None:
    """Run the command that was typed."""
    try:
        build()(prog_name="vigil")
    except VigilError as error:
        try:
            fail(error)
        except typer.Exit as left:
            sys.exit(left.exit_code)


if __name__ == "__main__":
    main()
