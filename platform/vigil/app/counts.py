"""What the database knows, as Prometheus gauges: every scrape tells the state of all processes.

State lives in the database and nowhere else (design invariant 7), so the numbers of a worker or
node that died are not lost with it. Labels have few values and never name a patient or study.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlmodel import col, select

from inference.delivery.models import Delivery
from inference.runs.models import Run
from inference.studies.models import Study
from surveillance.alerts.models import Alert
from vigil.kernel.db import Database, ReadSession


class StateCollector(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        with self._database.read() as session:
            yield _count(session, "vigil_studies", "Studies by state.", {"state": Study.state})
            yield _count(
                session,
                "vigil_runs",
                "Runs by mode and outcome; an empty outcome has not ended.",
                {"mode": Run.mode, "outcome": Run.outcome},
            )
            yield _count(
                session, "vigil_deliveries", "Deliveries by state.", {"state": Delivery.state}
            )
            yield _count(
                session,
                "vigil_alerts",
                "Alerts by tier and state.",
                {"tier": Alert.tier, "state": Alert.state},
            )
            yield _silence(session)


def _count(
    session: ReadSession, name: str, text: str, columns: dict[str, object]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=list(columns))
    chosen = [col(column) for column in columns.values()]
    for *labels, count in session.execute(sa.select(*chosen, sa.func.count()).group_by(*chosen)):
        family.add_metric([_text(label) for label in labels], count)
    return family


def _silence(session: ReadSession) -> GaugeMetricFamily:
    """No traffic is an alarm (invariant 2): how long nothing has arrived."""
    family = GaugeMetricFamily(
        "vigil_last_arrival_timestamp_seconds", "When the last instance arrived, as Unix time."
    )
    last = session.exec(select(sa.func.max(Study.last_arrival_at))).one()
    family.add_metric([], last.timestamp() if last else 0.0)
    return family


def _text(label: object) -> str:
    return "" if label is None else str(getattr(label, "value", label)).lower()
