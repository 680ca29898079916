"""`vigil rule`: which studies go to which model at a site."""

from pathlib import Path

import typer
import yaml
from pydantic import TypeAdapter, ValidationError

from inference.routing import repository, service
from inference.routing.rules import Rule
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import service as identity

app = typer.Typer(help="The routing rules of a site.", no_args_is_help=True)


@app.command("list")
def list_revisions(ctx: typer.Context, site: str = typer.Argument(help="ODS code.")) -> None:
    """Show a site's revisions, newest first."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = repository.revisions(session, actor, identity.site(session, actor, site).id)
    show(
        ctx,
        [
            {
                "revision": one.id,
                "number": one.number,
                "state": one.state.value,
                "rules": len(one.rules),
                "reason": one.reason,
            }
            for one in found
        ],
    )


@app.command()
def draft(
    ctx: typer.Context,
    site: str = typer.Argument(help="ODS code."),
    file: Path = typer.Argument(help="YAML: a list of rules.", exists=True, dir_okay=False),
    reason: str = typer.Option(...),
) -> None:
    """Draft the next revision from a file."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        where = identity.site(session, actor, site)
        made = service.draft(
            session, actor, site_id=where.id, rules=read_rules(file), reason=reason
        )
    say(f"Drafted revision {made.number}. Another person publishes it.")
    show(ctx, [{"revision": made.id, "number": made.number}])


@app.command()
def publish(
    ctx: typer.Context,
    revision: str,
    reason: str = typer.Option(...),
) -> None:
    """Put a draft in force; needs another person's token than the draft."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        service.publish(session, actor, revision_id=revision, reason=reason)
    say("Published.")


def read_rules(file: Path) -> list[Rule]:
    """Read a list of rules.

    Raises:
        Invalid: it is not YAML, not a list, or a rule's fields do not fit.
    """
    try:
        return TypeAdapter(list[Rule]).validate_python(yaml.safe_load(file.read_text()))
    except (yaml.YAMLError, UnicodeDecodeError):
        fault = Fault(file.name, "not a YAML list of rules", "See docs/routing.md")
        raise Invalid.because([fault]) from None
    except ValidationError as error:
        faults = [
            Fault(".".join(map(str, (file.name, *one["loc"]))), one["msg"], "See docs/routing.md")
            for one in error.errors(include_input=False)
        ]
        raise Invalid.because(faults) from None
