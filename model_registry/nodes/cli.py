"""`vigil node`: the DICOM peers of the sites."""

import typer

from model_registry.nodes import repository, service
from vigil.kernel.console import actor_of, parts_of, show
from vigil.kernel.identity import service as identity

app = typer.Typer(help="Connect the DICOM peers of the sites.", no_args_is_help=True)


@app.command("add")
def add(
    ctx: typer.Context,
    *,
    site: str = typer.Option(..., help="ODS code of the site."),
    ae_title: str = typer.Option(..., help="Application entity title."),
    host: str = typer.Option(..., help="DNS name or address."),
    port: int = typer.Option(104, help="DICOM port."),
    source: bool = typer.Option(False, "--source", help="It sends studies to Vigil."),
    destination: bool = typer.Option(False, "--destination", help="It takes results."),
    reason: str = typer.Option(..., help="Why, for the audit."),
) -> None:
    """Add a peer of a site."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        node = service.add_node(
            session,
            actor,
            site_id=identity.site(session, actor, site).id,
            ae_title=ae_title,
            host=host,
            port=port,
            is_source=source,
            is_destination=destination,
            reason=reason,
        )
    show(ctx, [node.model_dump(mode="json")])


@app.command("list")
def list_nodes(ctx: typer.Context) -> None:
    """List the peers of your sites."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        nodes = repository.nodes(session, actor)
    show(ctx, [node.model_dump(mode="json") for node in nodes])
