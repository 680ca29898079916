"""What the demonstration showed, as a table, and where to look."""

from collections import Counter

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from sqlmodel import select

from inference.decisions.models import Decision, ReaderDecision
from inference.delivery.models import Delivery
from inference.routing import repository as routing
from inference.routing.models import RoutingDecision
from inference.runs import repository as runs
from inference.studies.models import Instance, Study
from model_registry.versions.models import Model, ModelVersion
from surveillance.alerts.models import Alert
from vigil.app.demo.story import Story
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Site
from vigil.kernel.parts import Parts

READER = system_actor("demonstration")
SLIP_TOLD = (
    "Northfield tested chest-view at the supplier's threshold of 0.998 by a whole rule, and then "
    "at 0.9 by a rule that forgets the specificity. Two people signed that. With some 200 "
    "radiographs surveillance finds it; with a few it says that it cannot."
)
OVERRIDES = (Decision.OVERRIDE_FP, Decision.OVERRIDE_FN)


def show(parts: Parts, story: Story, console: Console) -> None:
    """Print what happened; every number is counted in the database now."""
    table = Table(title="What happened", show_header=False, box=None, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    with parts.database.read() as session:
        for name, value in _rows(session, story):
            table.add_row(name, value)
    console.print(table)
    console.print(_people(story))


def _rows(session: ReadSession, story: Story) -> list[tuple[str, str]]:
    verdict = audit.verify(session)
    return [
        ("Received", _received(session)),
        ("Sent to models", f"{_count(session, RoutingDecision.id, RoutingDecision.sent)} times"),
        *_not_sent(session),
        *_outcomes(session),
        ("Delivered", _deliveries(session, story)),
        *(("Local tests", line) for line in story.testing.lines),
        ("Readers", _decisions(session)),
        *(("Surveillance", line) for line in story.watching.lines),
        *_alerts(session),
        *((f"Gates of {name}", "; ".join(missing)) for name, missing in story.gates.items()),
        ("A slip, on purpose", SLIP_TOLD),
        ("Audit", f"{verdict.events} events, chain {'holds' if verdict.holds else 'BROKEN'}"),
    ]


def _received(session: ReadSession) -> str:
    instances = _count(session, Instance.id)
    sites = session.exec(
        select(Site.name, sa.func.count()).join(Study).group_by(Site.name).order_by(Site.name)
    ).all()
    where = ", ".join(f"{count} at {name}" for name, count in sites)
    return f"{instances} images in {sum(count for _, count in sites)} studies ({where})"


def _not_sent(session: ReadSession) -> list[tuple[str, str]]:
    reasons: Counter[str] = Counter()
    for rule, reason, count in routing.reasons_not_sent(session, READER):
        reasons[f"{rule}: {reason}"] += count
    return [("Not sent", f"{count} x {reason}") for reason, count in reasons.most_common()]


def _outcomes(session: ReadSession) -> list[tuple[str, str]]:
    rows = []
    for version_id, site_id, outcome, count in runs.outcomes(session, READER):
        version = session.get_one(ModelVersion, version_id)
        model = session.get_one(Model, version.model_id)
        site = session.get_one(Site, site_id)
        ended = outcome.value if outcome else "not ended"
        rows.append(("Runs", f"{model.name} {version.version} at {site.name}: {count} {ended}"))
    return sorted(rows)


def _deliveries(session: ReadSession, story: Story) -> str:
    statement = select(Delivery.state, sa.func.count()).group_by(Delivery.state)
    found = ", ".join(f"{count} {state}" for state, count in session.exec(statement).all())
    held = len(story.clinic.received_by_pacs())
    return f"SR results: {found or 'none'}; the PACS holds {held} files"


def _decisions(session: ReadSession) -> str:
    made = Counter(session.exec(select(ReaderDecision.decision)).all())
    overruled = sum(made[one] for one in OVERRIDES)
    return f"{sum(made.values())} decisions, {overruled} overruled the model"


def _alerts(session: ReadSession) -> list[tuple[str, str]]:
    found = session.exec(select(Alert).order_by(Alert.id)).all()
    return [("Alert", f"{alert.tier.value}: {alert.sentence}") for alert in found]


def _count(session: ReadSession, column: object, condition: object = None) -> int:
    statement = select(sa.func.count(column))  # type: ignore[arg-type]  # a mapped column
    if condition is not None:
        statement = statement.where(condition)  # type: ignore[arg-type]  # as above
    return session.exec(statement).one()


def _people(story: Story) -> Table:
    table = Table(title="Sign in as (made for this run)", box=None, title_justify="left")
    for column in ("role", "address", "password"):
        table.add_column(column, no_wrap=True)
    for person in story.people.all():
        table.add_row(person.role.replace("_", " "), person.email, person.password)
    return table
