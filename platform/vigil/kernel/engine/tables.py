"""What DBOS keeps in our database: which tables, and the columns that Vigil reads.

On SQLite they stand among Vigil's own, on PostgreSQL in a schema. Alembic must not see them: it
would drop them. Vigil never writes to them by itself.
"""

import sqlalchemy as sa

from vigil.kernel.db import ReadSession

DBOS_SCHEMA = "dbos"
DBOS_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)


def work(session: ReadSession) -> sa.TableClause:
    """Return the table with one row for each piece of work. Times are milliseconds."""
    return sa.table(
        "workflow_status",
        sa.column("workflow_uuid", sa.Text),
        sa.column("status", sa.Text),
        sa.column("name", sa.Text),
        sa.column("queue_name", sa.Text),
        sa.column("queue_partition_key", sa.Text),
        sa.column("executor_id", sa.Text),
        sa.column("application_version", sa.Text),
        sa.column("recovery_attempts", sa.BigInteger),
        sa.column("created_at", sa.BigInteger),
        sa.column("started_at_epoch_ms", sa.BigInteger),
        sa.column("updated_at", sa.BigInteger),
        sa.column("completed_at", sa.BigInteger),
        schema=_schema(session),
    )


def outputs(session: ReadSession) -> sa.TableClause:
    """Return the table of what finished work returned or raised."""
    return sa.table(
        "workflow_output",
        sa.column("workflow_uuid", sa.Text),
        sa.column("error", sa.Text),
        schema=_schema(session),
    )


def steps(session: ReadSession) -> sa.TableClause:
    """Return the table with one row for each finished step."""
    return sa.table(
        "operation_outputs",
        sa.column("workflow_uuid", sa.Text),
        sa.column("function_id", sa.Integer),
        sa.column("error", sa.Text),
        sa.column("completed_at_epoch_ms", sa.BigInteger),
        schema=_schema(session),
    )


def _schema(session: ReadSession) -> str | None:
    return None if session.get_bind().dialect.name == "sqlite" else DBOS_SCHEMA
