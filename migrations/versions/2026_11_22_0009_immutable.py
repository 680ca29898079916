"""The registry forgets nothing: what a run or a signature refers to is neither changed nor deleted.

A migration that makes one of these tables anew (SQLite's batch mode does) must set its triggers
again.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VERSION = (
    "id", "model_id", "organisation_id", "version", "digest", "size", "manifest",
    "preprocessing_digest", "submitted_by", "submitted_at",
)  # fmt: skip
FILE = ("id", "version_id", "name", "digest", "size")
CHANGE = ("id", "model_id", "version_id", "status", "at", "by", "by_label", "reason")
ALIAS = ("id", "model_id", "name", "version_id", "set_by", "set_by_label", "set_at", "reason")
PERIOD = (
    "id", "deployment_id", "revision", "model_id", "version_id", "site_id", "mode", "share",
    "thresholds", "from_at", "by", "by_label", "reason",
)  # fmt: skip
SIGNED = ("id", "version_id", "version_digest", "content_digest", "signed_by", "signed_at")
# table: the columns that never change, what else must hold before they may not, who is kept.
FIXED = {
    "model_version": (VERSION, "1 = 1"),
    "version_file": (FILE, "1 = 1"),
    "version_change": (CHANGE, "1 = 1"),
    "model_alias": (ALIAS, "1 = 1"),
    "deployment_period": (PERIOD, "1 = 1"),
    "safety_case": (SIGNED, "OLD.signed_at IS NOT NULL"),
    "acceptance": (
        (*SIGNED, "kind", "site_id", "configuration_digest", "passed"),
        "OLD.signed_at IS NOT NULL",
    ),
}
# An end is written once.
ENDED = {"model_alias": "ended_at", "deployment_period": "to_at"}


def upgrade() -> None:
    _tell_the_past()
    op.execute("UPDATE model SET title = upper(substr(title, 1, 1)) || substr(title, 2)")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, (columns, when) in FIXED.items():
        for statement in (_sqlite if is_sqlite else _postgresql)(table, columns, when):
            op.execute(statement)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in FIXED:
        for kind in ("change", "delete", "truncate"):
            name = f"{table}_no_{kind}"
            if is_sqlite:
                op.execute(f"DROP TRIGGER IF EXISTS {name}")
            else:
                op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
        if not is_sqlite:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_is_kept()")


def _sqlite(table: str, columns: Sequence[str], when: str) -> list[str]:
    differs = _differs(table, columns, "IS NOT")
    return [
        (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE ON {table} "
            f"WHEN {when} AND ({differs}) "
            f"BEGIN SELECT RAISE(ABORT, '{table}: what was kept does not change'); END"
        ),
        (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{table}: what was kept is not deleted'); END"
        ),
    ]


def _postgresql(table: str, columns: Sequence[str], when: str) -> list[str]:
    differs = _differs(table, columns, "IS DISTINCT FROM")
    function = f"{table}_is_kept()"
    does = f"EXECUTE FUNCTION {function}"
    return [
        (
            f"CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table}: what was kept stays'; END $$"
        ),
        (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN ({when} AND ({differs})) {does}"
        ),
        (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW "
            f"WHEN ({when}) {does}"
        ),
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {does}",
    ]


def _differs(table: str, columns: Sequence[str], unlike: str) -> str:
    found = [f'OLD."{name}" {unlike} NEW."{name}"' for name in columns]
    if table in ENDED:
        end = ENDED[table]
        found.append(f'(OLD."{end}" IS NOT NULL AND OLD."{end}" {unlike} NEW."{end}")')
    return " OR ".join(found)


def _tell_the_past() -> None:
    """Take the steps of versions that are there already from the audit, which has all of them."""
    op.execute(
        """
        INSERT INTO version_change (id, model_id, version_id, status, at, by, by_label, reason)
        SELECT 'vch_' || CAST(e.sequence AS VARCHAR(20)), v.model_id, v.id,
            CASE WHEN e.tag = 'supplier:version:submit' THEN 'submitted'
                ELSE substr(e.tag, 18) END,
            e.at, e.actor_id, e.actor_label, e.reason
        FROM audit_event e JOIN model_version v ON v.id = e.subject
        WHERE e.tag IN ('supplier:version:submit', 'registry:version:checked',
            'registry:version:refused', 'registry:version:approved',
            'registry:version:withdrawn')
        """
    )
