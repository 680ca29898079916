"""Labels and decisions count, for alarms, on the day on which they became known.

What was counted until now is known since the day that it was counted on, so that counts stay as
they are and a rebuild gives the same. Packs are copies of counts, of fewer columns: the next daily
look makes them anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KNOWN = ("decision_known_day", "truth_known_day")
HEARD = ("heard", "heard_fp", "heard_fn")


def upgrade() -> None:
    for name in KNOWN:
        op.add_column("prediction_record", sa.Column(name, sa.Date(), nullable=True))
    op.add_column("truth_day", sa.Column("told_day", sa.Date(), nullable=True))
    op.execute("UPDATE truth_day SET told_day = day WHERE basis = 'label'")
    # Not in batch mode, which makes the table anew on SQLite, without its triggers.
    for name in HEARD:
        zero = sa.text("0")
        op.add_column(
            "aggregate_day", sa.Column(name, sa.Integer(), server_default=zero, nullable=False)
        )
    # First, so that no row of a day has a seal to take back.
    _forget_packs()
    op.execute("UPDATE prediction_record SET truth_known_day = label_day")
    op.execute("UPDATE prediction_record SET decision_known_day = day WHERE decision IS NOT NULL")
    op.execute(
        "UPDATE aggregate_day SET heard = decided, heard_fp = override_fp, heard_fn = override_fn "
        "WHERE decided <> 0 OR override_fp <> 0 OR override_fn <> 0"
    )


def downgrade() -> None:
    # The schema before takes a label back from the day that its record names, and has one row for
    # a day: those of labels that came later than they are dated are added up again by a rebuild.
    op.execute(
        "UPDATE prediction_record SET label_day = truth_known_day WHERE truth_known_day IS NOT NULL"
    )
    op.drop_column("truth_day", "told_day")
    for name in HEARD:
        op.drop_column("aggregate_day", name)
    for name in KNOWN:
        op.drop_column("prediction_record", name)
    _forget_packs()


def _forget_packs() -> None:
    op.execute("DELETE FROM day_pack")
    op.execute("DELETE FROM day_seal")
