"""`vigil organisation|site|user|token`: who there is."""

from datetime import timedelta

import typer

from vigil.kernel.console import actor_of, parts_of, say, show
from vigil.kernel.identity import repository, service
from vigil.kernel.identity.actor import Grant
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Permission, Role

organisation_app = typer.Typer(help="Suppliers, providers and networks.", no_args_is_help=True)
site_app = typer.Typer(help="Places where studies are made and read.", no_args_is_help=True)
user_app = typer.Typer(help="People and their roles.", no_args_is_help=True)
token_app = typer.Typer(help="Keys of programs.", no_args_is_help=True)


@organisation_app.command("create")
def create_organisation(
    ctx: typer.Context,
    ods_code: str = typer.Argument(help="ODS code, or a local one."),
    name: str = typer.Option(...),
    kind: OrganisationKind = typer.Option(...),
) -> None:
    """Add an organisation."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        made = service.create_organisation(session, actor, ods_code=ods_code, name=name, kind=kind)
        row = {"id": made.id, "ods_code": made.ods_code, "kind": made.kind.value}
    show(ctx, [row])


@organisation_app.command("list")
def list_organisations(ctx: typer.Context) -> None:
    """List the organisations."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.organisations(session, actor)
    show(
        ctx,
        [{"ods_code": o.ods_code, "kind": o.kind.value, "name": o.name, "id": o.id} for o in found],
    )


@site_app.command("create")
def create_site(
    ctx: typer.Context,
    ods_code: str = typer.Argument(help="ODS site code, or a local one."),
    organisation: str = typer.Option(..., help="Code of the provider it belongs to."),
    name: str = typer.Option(...),
) -> None:
    """Add a site."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        made = service.create_site(
            session, actor, organisation_code=organisation, ods_code=ods_code, name=name
        )
        row = {"id": made.id, "ods_code": made.ods_code, "organisation_id": made.organisation_id}
    show(ctx, [row])


@site_app.command("list")
def list_sites(ctx: typer.Context) -> None:
    """List the sites that you may read."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = repository.sites(session, actor)
    show(ctx, [{"ods_code": s.ods_code, "name": s.name, "id": s.id} for s in found])


@user_app.command("create")
def create_user(
    *,
    ctx: typer.Context,
    email: str = typer.Argument(),
    organisation: str = typer.Option(..., help="Code of the organisation."),
    name: str = typer.Option(...),
    role: list[Role] = typer.Option(..., help="May be given more than once."),
    site: str | None = typer.Option(None, help="Code of the site that the roles are for."),
    professional_body: str | None = typer.Option(None, help="Such as GMC; a CSO needs one."),
    registration: str | None = typer.Option(None, help="Number of the registration there."),
    password: str = typer.Option(
        ...,
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        envvar="VIGIL_NEW_PASSWORD",
        help="Asked for when it is not in the environment.",
    ),
) -> None:
    """Add a person."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        site_id = service.site(session, actor, site).id if site else None
        made = service.create_user(
            session,
            actor,
            organisation_code=organisation,
            email=email,
            name=name,
            password=password,
            roles=[Grant(each, site_id) for each in role],
            professional_body=professional_body,
            registration_number=registration,
        )
        row = {"id": made.id, "email": made.email, "roles": ",".join(each.value for each in role)}
    show(ctx, [row])


@user_app.command("list")
def list_users(ctx: typer.Context) -> None:
    """List the people."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.users(session, actor)
    show(ctx, [{"email": u.email, "name": u.name, "active": u.active, "id": u.id} for u in found])


@token_app.command("issue")
def issue_token(
    ctx: typer.Context,
    email: str = typer.Argument(help="Address of the person it acts for."),
    name: str = typer.Option(..., help="Which program holds it."),
    scope: list[Permission] = typer.Option(..., help="May be given more than once."),
    days: int = typer.Option(90, min=1, max=366),
) -> None:
    """Issue a token and print its key, this once."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        token, key = service.issue_token(
            session, actor, email=email, name=name, scopes=scope, life=timedelta(days=days)
        )
        row = {"id": token.id, "expires_at": token.expires_at.isoformat(), "key": key}
    show(ctx, [row])


@token_app.command("revoke")
def revoke_token(
    ctx: typer.Context,
    token_id: str = typer.Argument(),
    reason: str = typer.Option(..., help="Kept in the audit."),
) -> None:
    """Revoke a token: it stops working at once."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        service.revoke_token(session, actor, token_id, reason)
    say(f"Revoked {token_id}.")
