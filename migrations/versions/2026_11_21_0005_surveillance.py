"""Records, daily counts, references, alerts and reports."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("finding_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("edges", db.Json(), nullable=False),
        sa.Column("histogram", db.Json(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("decided", sa.Integer(), nullable=False),
        sa.Column("overridden", sa.Integer(), nullable=False),
        sa.Column("cases_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "package",
                "site",
                name="reference_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "superseded",
                name="reference_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("set_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_at", db.Utc(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("supersedes_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_reference_site_id_site")),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["reference.id"], name=op.f("fk_reference_supersedes_id_reference")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_reference_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference")),
    )
    with op.batch_alter_table("reference", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reference_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_reference_active_anywhere",
            ["version_id", "finding_key"],
            unique=True,
            sqlite_where=sa.text("status = 'active' AND site_id IS NULL"),
            postgresql_where=sa.text("status = 'active' AND site_id IS NULL"),
        )
        batch_op.create_index(
            "uq_reference_active_at_site",
            ["version_id", "site_id", "finding_key"],
            unique=True,
            sqlite_where=sa.text("status = 'active' AND site_id IS NOT NULL"),
            postgresql_where=sa.text("status = 'active' AND site_id IS NOT NULL"),
        )
    op.create_table(
        "aggregate_day",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                name="aggregate_day_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("finding_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("axis", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("histogram", sa.LargeBinary(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("no_result", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("decided", sa.Integer(), nullable=False),
        sa.Column("override_fp", sa.Integer(), nullable=False),
        sa.Column("override_fn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reference_id"], ["reference.id"], name=op.f("fk_aggregate_day_reference_id_reference")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_aggregate_day_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_aggregate_day_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aggregate_day")),
    )
    with op.batch_alter_table("aggregate_day", schema=None) as batch_op:
        batch_op.create_index(
            "ix_aggregate_day_stream",
            ["axis", "version_id", "site_id", "finding_key", "day"],
            unique=False,
        )
    op.create_table(
        "alert",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "stream",
            sa.Enum(
                "score",
                "flag_rate",
                "override_rate",
                name="alert_stream",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("finding_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum(
                "watch",
                "escalate",
                name="alert_tier",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "acknowledged",
                "escalated",
                "resolved",
                "reopened",
                name="alert_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("estimate", sa.Float(), nullable=False),
        sa.Column("interval_low", sa.Float(), nullable=False),
        sa.Column("interval_high", sa.Float(), nullable=False),
        sa.Column("baseline", sa.Float(), nullable=False),
        sa.Column("tolerance", sa.Float(), nullable=False),
        sa.Column("e_value", sa.Float(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("window_from", sa.Date(), nullable=False),
        sa.Column("window_to", sa.Date(), nullable=False),
        sa.Column("sentence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", db.Utc(), nullable=False),
        sa.Column("escalated_at", db.Utc(), nullable=True),
        sa.Column("acknowledged_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("acknowledged_at", db.Utc(), nullable=True),
        sa.Column("acknowledged_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("resolved_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("resolved_at", db.Utc(), nullable=True),
        sa.Column("cause", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reference_id"], ["reference.id"], name=op.f("fk_alert_reference_id_reference")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_alert_site_id_site")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_alert_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alert_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_alert_open",
            ["version_id", "site_id", "finding_key", "stream"],
            unique=True,
            sqlite_where=sa.text("state <> 'resolved'"),
            postgresql_where=sa.text("state <> 'resolved'"),
        )
    op.create_table(
        "prediction_record",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run_pseudonym", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("supersedes_pseudonym", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("patient_pseudonym", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deployment_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                name="prediction_record_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("finding_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "SUCCEEDED",
                "NO_RESULT",
                "SKIPPED",
                "FAILED",
                "CANCELLED",
                name="prediction_record_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=True),
        sa.Column("attributes", db.Json(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "agree_pos",
                "agree_neg",
                "override_fp",
                "override_fn",
                name="prediction_record_decision",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_prediction_record_deployment_id_deployment"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_prediction_record_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_prediction_record_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction_record")),
        sa.UniqueConstraint(
            "run_pseudonym",
            "finding_key",
            name=op.f("uq_prediction_record_run_pseudonym_finding_key"),
        ),
    )
    with op.batch_alter_table("prediction_record", schema=None) as batch_op:
        batch_op.create_index(
            "ix_prediction_record_stream",
            ["version_id", "site_id", "finding_key", "day"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_prediction_record_supersedes_pseudonym"),
            ["supersedes_pseudonym"],
            unique=False,
        )
    op.create_table(
        "report",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "drift", name="report_kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("finding_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "ready",
                "insufficient",
                "failed",
                name="report_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("html_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("json_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("n_reference", sa.Integer(), nullable=True),
        sa.Column("n_current", sa.Integer(), nullable=True),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("finished_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reference_id"], ["reference.id"], name=op.f("fk_report_reference_id_reference")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_report_site_id_site")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_report_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_version_id"), ["version_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_version_id"))
        batch_op.drop_index(batch_op.f("ix_report_site_id"))
    op.drop_table("report")
    with op.batch_alter_table("prediction_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prediction_record_supersedes_pseudonym"))
        batch_op.drop_index("ix_prediction_record_stream")
    op.drop_table("prediction_record")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alert_open",
            sqlite_where=sa.text("state <> 'resolved'"),
            postgresql_where=sa.text("state <> 'resolved'"),
        )
        batch_op.drop_index(batch_op.f("ix_alert_version_id"))
        batch_op.drop_index(batch_op.f("ix_alert_site_id"))
    op.drop_table("alert")
    with op.batch_alter_table("aggregate_day", schema=None) as batch_op:
        batch_op.drop_index("ix_aggregate_day_stream")
    op.drop_table("aggregate_day")
    with op.batch_alter_table("reference", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_reference_active_at_site",
            sqlite_where=sa.text("status = 'active' AND site_id IS NOT NULL"),
            postgresql_where=sa.text("status = 'active' AND site_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_reference_active_anywhere",
            sqlite_where=sa.text("status = 'active' AND site_id IS NULL"),
            postgresql_where=sa.text("status = 'active' AND site_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_reference_version_id"))
    op.drop_table("reference")
