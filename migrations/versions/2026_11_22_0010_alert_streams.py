"""An alert names its stream by axis and level too, and its kind as plain text.

A check constraint that lists the kinds would need a migration for each new one. On SQLite the table
is made anew, from the definition below: its other checks would else be lost.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from vigil.kernel import db

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = sa.text("state <> 'resolved'")
KEY = ["version_id", "site_id", "finding_key", "stream"]
KINDS = ("score", "flag_rate", "override_rate")
STATES = ("new", "acknowledged", "escalated", "resolved", "reopened")


def _enum(name: str, values: Sequence[str], *, checked: bool = True) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=checked, length=32)


def _alert(*, grouped: bool) -> sa.Table:
    """Return the table as it is; its columns in the order that they were made in."""
    text, instant = sa.String, db.Utc
    new = [sa.Column("axis", text(), nullable=False), sa.Column("level", text(), nullable=False)]
    return sa.Table(
        "alert",
        sa.MetaData(naming_convention=db.NAMING),
        sa.Column("id", text(), primary_key=True),
        sa.Column("stream", _enum("alert_stream", KINDS, checked=False), nullable=False),
        sa.Column("version_id", text(), sa.ForeignKey("model_version.id"), nullable=False),
        sa.Column("site_id", text(), sa.ForeignKey("site.id"), nullable=False),
        sa.Column("finding_key", text(), nullable=False),
        sa.Column("reference_id", text(), sa.ForeignKey("reference.id"), nullable=grouped),
        sa.Column("tier", _enum("alert_tier", ("watch", "escalate")), nullable=False),
        sa.Column("state", _enum("alert_state", STATES), nullable=False),
        *(
            sa.Column(name, sa.Float(), nullable=False)
            for name in ("estimate", "interval_low", "interval_high", "baseline", "tolerance")
        ),
        sa.Column("e_value", sa.Float(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("window_from", sa.Date(), nullable=False),
        sa.Column("window_to", sa.Date(), nullable=False),
        sa.Column("sentence", text(), nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("escalated_at", instant(), nullable=True),
        sa.Column("acknowledged_by", text(), nullable=True),
        sa.Column("acknowledged_at", instant(), nullable=True),
        sa.Column("acknowledged_reason", text(), nullable=True),
        sa.Column("resolved_by", text(), nullable=True),
        sa.Column("resolved_at", instant(), nullable=True),
        sa.Column("cause", text(), nullable=True),
        *(new if grouped else []),
        sa.Index("ix_alert_site_id", "site_id"),
        sa.Index("ix_alert_version_id", "version_id"),
        sa.Index(
            "uq_alert_open",
            *(KEY + (["axis", "level"] if grouped else [])),
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        ),
    )


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_alert_alert_stream"), "alert", type_="check")
    with op.batch_alter_table("alert", copy_from=_alert(grouped=False)) as batch_op:
        batch_op.alter_column("stream", type_=sa.String(), existing_nullable=False)
        batch_op.alter_column("reference_id", existing_type=sa.String(), nullable=True)
        batch_op.add_column(sa.Column("axis", sa.String(), nullable=False, server_default="all"))
        batch_op.add_column(sa.Column("level", sa.String(), nullable=False, server_default="all"))
        batch_op.drop_index("uq_alert_open")
        batch_op.create_index(
            "uq_alert_open",
            [*KEY, "axis", "level"],
            unique=True,
            sqlite_where=OPEN,
            postgresql_where=OPEN,
        )


def downgrade() -> None:
    """Take the columns away: of alerts that only they tell apart, none can be kept."""
    op.execute("DELETE FROM alert WHERE axis <> 'all' OR reference_id IS NULL")
    op.execute("DELETE FROM alert WHERE stream NOT IN ('score', 'flag_rate', 'override_rate')")
    with op.batch_alter_table("alert", copy_from=_alert(grouped=True)) as batch_op:
        batch_op.drop_index("uq_alert_open")
        batch_op.drop_column("level")
        batch_op.drop_column("axis")
        batch_op.alter_column("reference_id", existing_type=sa.String(), nullable=False)
        batch_op.alter_column("stream", type_=_enum("alert_stream", KINDS, checked=True))
        batch_op.create_index(
            "uq_alert_open", KEY, unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )
