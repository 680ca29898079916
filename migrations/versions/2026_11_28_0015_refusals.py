"""What is refused is counted: messages by their receivers, passwords by us."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("refusals", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )
    op.create_table(
        "password_attempt",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_attempt")),
    )
    op.create_index("ix_password_attempt_key_at", "password_attempt", ["key", "at"])
    op.create_index("ix_password_attempt_at", "password_attempt", ["at"])


def downgrade() -> None:
    op.drop_table("password_attempt")
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.drop_column("refusals")
