"""Whoever changes a daily count takes back the seal of what was packed of its month.

A migration that makes `aggregate_day` anew (SQLite's batch mode does) must set its triggers again.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = {
    "sqlite": "date({row}.day, 'start of month', '-1 day')",
    "postgresql": "(date_trunc('month', {row}.day) - interval '1 day')::date",
}
CHANGES = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def _unseal(dialect: str, row: str) -> str:
    before = BEFORE[dialect].format(row=row)
    where = f"version_id = {row}.version_id AND site_id = {row}.site_id AND sealed_to >= {row}.day"
    return f"UPDATE day_seal SET sealed_to = {before} WHERE {where};"  # noqa: S608 - no words but ours


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for change, rows in CHANGES.items():
        name = f"aggregate_day_unseal_{change}"
        deeds = " ".join(_unseal(dialect, row) for row in rows)
        when = f"AFTER {change.upper()} ON aggregate_day FOR EACH ROW"
        if dialect == "sqlite":
            op.execute(f"CREATE TRIGGER {name} {when} BEGIN {deeds} END")
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {deeds} RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    on = "" if op.get_bind().dialect.name == "sqlite" else " ON aggregate_day"
    for change in CHANGES:
        name = f"aggregate_day_unseal_{change}"
        op.execute(f"DROP TRIGGER {name}{on}")
        if on:
            op.execute(f"DROP FUNCTION {name}()")
