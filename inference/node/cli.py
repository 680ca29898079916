"""`vigil node echo`: ask a peer whether it answers."""

import typer

from inference.node.echo import echo as ask
from inference.node.settings import NodeSettings
from model_registry.nodes import service as nodes
from vigil.kernel.console import actor_of, parts_of, show

app = typer.Typer(help="Ask DICOM peers.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `echo` a command's name: typer would leave it out where it is the only one."""


@app.command()
def echo(ctx: typer.Context, node_id: str = typer.Argument(help="Id of the node.")) -> None:
    """Send a C-ECHO to a node and print how long the answer took."""
    parts = parts_of(ctx)
    if not isinstance(parts.settings, NodeSettings):
        raise TypeError("the settings of this process lack those of the DICOM node")
    with parts.database.read() as session:
        node = nodes.node_by_id(session, actor_of(ctx), node_id)
    seconds = ask(node.host, node.port, calling_ae=parts.settings.ae_title, called_ae=node.ae_title)
    show(ctx, [{"node": node.id, "ae_title": node.ae_title, "seconds": round(seconds, 3)}])
