"""Runs, findings, results, deliveries and decisions."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_revision", sa.Integer(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deployment_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deployment_revision", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                name="run_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("preprocessing_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("routing_revision_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "priority",
            sa.Enum(
                "stat",
                "routine",
                "off_peak",
                name="run_priority",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "running",
                "finished",
                name="run_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "SUCCEEDED",
                "NO_RESULT",
                "SKIPPED",
                "FAILED",
                "CANCELLED",
                name="run_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("supersedes_run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("inputs", db.Json(), nullable=False),
        sa.Column("runtime", db.Json(), nullable=False),
        sa.Column("outputs_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("planned_at", db.Utc(), nullable=False),
        sa.Column("started_at", db.Utc(), nullable=True),
        sa.Column("finished_at", db.Utc(), nullable=True),
        sa.CheckConstraint(
            "(state = 'finished') = (outcome IS NOT NULL)", name=op.f("ck_run_run_has_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_run_deployment_id_deployment")
        ),
        sa.ForeignKeyConstraint(
            ["routing_revision_id"],
            ["routing_revision.id"],
            name=op.f("fk_run_routing_revision_id_routing_revision"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_run_site_id_site")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_run_study_id_study")),
        sa.ForeignKeyConstraint(
            ["supersedes_run_id"], ["run.id"], name=op.f("fk_run_supersedes_run_id_run")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_run_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint(
            "study_id",
            "study_revision",
            "deployment_id",
            name=op.f("uq_run_study_id_study_revision_deployment_id"),
        ),
    )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_run_deployment_id"), ["deployment_id"], unique=False)
        batch_op.create_index("ix_run_site_id_planned_at", ["site_id", "planned_at"], unique=False)
        batch_op.create_index("ix_run_state_planned_at", ["state", "planned_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_run_study_id"), ["study_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_run_supersedes_run_id"), ["supersedes_run_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_run_version_id"), ["version_id"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sop_instance_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code", db.Json(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instance.id"], name=op.f("fk_finding_instance_id_instance")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_finding_run_id_run")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_finding_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint(
            "run_id", "sop_instance_uid", "key", name=op.f("uq_finding_run_id_sop_instance_uid_key")
        ),
    )
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_finding_site_id"), ["site_id"], unique=False)
    op.create_table(
        "result",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("SR", name="result_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("sop_class_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sop_instance_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("series_instance_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_result_run_id_run")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_result_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result")),
        sa.UniqueConstraint("run_id", "kind", name=op.f("uq_result_run_id_kind")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_result_sop_instance_uid")),
    )
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_result_site_id"), ["site_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("result_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("node_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "delivered",
                "dead",
                name="delivery_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempts_before_retry", sa.Integer(), nullable=False),
        sa.Column(
            "failure",
            sa.Enum(
                "permanent",
                "transient",
                name="delivery_failure",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "cause",
            sa.Enum(
                "unreachable",
                "busy",
                "interrupted",
                "no_answer",
                "peer_error",
                "not_recognised",
                "not_supported",
                "refused",
                "retired",
                "missing",
                "fault",
                name="delivery_cause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("next_attempt_at", db.Utc(), nullable=True),
        sa.Column("delivered_at", db.Utc(), nullable=True),
        sa.Column("discarded_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_delivery_node_id_node")),
        sa.ForeignKeyConstraint(
            ["result_id"], ["result.id"], name=op.f("fk_delivery_result_id_result")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_delivery_run_id_run")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_delivery_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("result_id", "node_id", name=op.f("uq_delivery_result_id_node_id")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_node_id"), ["node_id"], unique=False)
        batch_op.create_index(
            "ix_delivery_open",
            ["state", "next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("state <> 'delivered'"),
            postgresql_where=sa.text("state <> 'delivered'"),
        )
        batch_op.create_index(batch_op.f("ix_delivery_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_site_id"), ["site_id"], unique=False)
    op.create_table(
        "reader_decision",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("finding_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "agree_pos",
                "agree_neg",
                "override_fp",
                "override_fn",
                name="reader_decision_decision",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("comment", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "link",
                "api",
                name="reader_decision_source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reader_pseudonym", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.id"], name=op.f("fk_reader_decision_finding_id_finding")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_reader_decision_run_id_run")),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_reader_decision_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_decision")),
    )
    with op.batch_alter_table("reader_decision", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reader_decision_finding_id_decided_at", ["finding_id", "decided_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_reader_decision_run_id"), ["run_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reader_decision_site_id"), ["site_id"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("delivery_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_attempt_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
        sa.UniqueConstraint(
            "delivery_id", "number", name=op.f("uq_delivery_attempt_delivery_id_number")
        ),
    )


def downgrade() -> None:
    op.drop_table("delivery_attempt")
    with op.batch_alter_table("reader_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reader_decision_site_id"))
        batch_op.drop_index(batch_op.f("ix_reader_decision_run_id"))
        batch_op.drop_index("ix_reader_decision_finding_id_decided_at")
    op.drop_table("reader_decision")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_site_id"))
        batch_op.drop_index(batch_op.f("ix_delivery_run_id"))
        batch_op.drop_index(
            "ix_delivery_open",
            sqlite_where=sa.text("state <> 'delivered'"),
            postgresql_where=sa.text("state <> 'delivered'"),
        )
        batch_op.drop_index(batch_op.f("ix_delivery_node_id"))
    op.drop_table("delivery")
    with op.batch_alter_table("result", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_result_site_id"))
    op.drop_table("result")
    with op.batch_alter_table("finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_site_id"))
        batch_op.drop_index(batch_op.f("ix_finding_run_id"))
    op.drop_table("finding")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_version_id"))
        batch_op.drop_index(batch_op.f("ix_run_supersedes_run_id"))
        batch_op.drop_index(batch_op.f("ix_run_study_id"))
        batch_op.drop_index("ix_run_state_planned_at")
        batch_op.drop_index("ix_run_site_id_planned_at")
        batch_op.drop_index(batch_op.f("ix_run_deployment_id"))
    op.drop_table("run")
