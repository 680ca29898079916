"""`vigil study`: what arrived."""

import typer

from inference.studies import repository, service
from inference.studies.models import StudyState
from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity.roles import Permission

app = typer.Typer(help="The studies that arrived.", no_args_is_help=True)


@app.command("list")
def list_studies(
    ctx: typer.Context,
    state: StudyState | None = typer.Option(None),
    limit: int = typer.Option(50, min=1, max=1000),
) -> None:
    """Show the newest studies first."""
    actor = actor_of(ctx)
    actor.require(Permission.STUDY_READ)
    with parts_of(ctx).database.read() as session:
        found = repository.studies(
            session, actor, before=None, state=state, site_id=None, limit=limit
        )
        counts = repository.counts(session, actor, [study.id for study in found])
    show(
        ctx,
        [
            {
                "study": study.id,
                "site": study.site_id,
                "state": study.state.value,
                "revision": study.revision,
                "instances": counts.get(study.id, 0),
                "last_arrival_at": study.last_arrival_at.isoformat(timespec="seconds"),
            }
            for study in found
        ],
    )


@app.command("show")
def show_study(ctx: typer.Context, study_id: str) -> None:
    """Show the instances of a study."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        study = service.study_by_id(session, actor, study_id)
        found = repository.instances(session, actor, study_id)
    say(f"Revision {study.revision}, {study.state.value}.")
    show(
        ctx,
        [
            {
                "instance": one.id,
                "modality": one.attributes.get("modality"),
                "sop_class_uid": one.sop_class_uid,
                "transfer_syntax_uid": one.transfer_syntax_uid,
                "size": one.size,
            }
            for one in found
        ],
    )
