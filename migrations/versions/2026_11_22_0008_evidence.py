"""Submissions, steps and files of versions, local tests, and what older tables learn for them."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "withdrawn",
                name="submission_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("upload_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("archive_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answers", db.Json(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("submitted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("submitted_at", db.Utc(), nullable=True),
        sa.Column("withdrawn_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_submission_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_submission_upload_id_upload")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_submission_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint("reference", name=op.f("uq_submission_reference")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_submission_upload_id")),
        sa.UniqueConstraint("version_id", name=op.f("uq_submission_version_id")),
        sa.UniqueConstraint("year", "number", name=op.f("uq_submission_year_number")),
    )
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.create_index(
            "ix_submission_organisation_state", ["organisation_id", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_submission_state"), ["state"], unique=False)
    op.create_table(
        "version_change",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "checked",
                "refused",
                "approved",
                "withdrawn",
                name="version_change_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", db.Utc(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("by_label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_version_change_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_version_change_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_change")),
    )
    with op.batch_alter_table("version_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_version_change_model_id_at"), ["model_id", "at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_version_change_version_id_at"), ["version_id", "at"], unique=False
        )
    op.create_table(
        "version_file",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_version_file_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version_file")),
        sa.UniqueConstraint("version_id", "name", name=op.f("uq_version_file_version_id_name")),
    )
    op.create_table(
        "local_test",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("thresholds", db.Json(), nullable=False),
        sa.Column("configuration_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rule", db.Json(), nullable=False),
        sa.Column("rule_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("intake", db.Json(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "running",
                "finished",
                "failed",
                name="local_test_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("planned_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("planned_at", db.Utc(), nullable=False),
        sa.Column("studies", sa.Integer(), nullable=False),
        sa.Column("started_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("started_at", db.Utc(), nullable=True),
        sa.Column("finished_at", db.Utc(), nullable=True),
        sa.Column("result_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "passed",
                "failed",
                "insufficient_data",
                name="local_test_verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("acceptance_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reference_note", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["acceptance_id"],
            ["acceptance.id"],
            name=op.f("fk_local_test_acceptance_id_acceptance"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_local_test_site_id_site")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_local_test_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_test")),
    )
    with op.batch_alter_table("local_test", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_local_test_acceptance_id"), ["acceptance_id"], unique=False
        )
        batch_op.create_index(
            "ix_local_test_configuration", ["site_id", "configuration_digest"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_local_test_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_local_test_version_id"), ["version_id"], unique=False)
    op.create_table(
        "submission_message",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submission_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("author_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "side",
            sa.Enum(
                "supplier",
                "network",
                name="submission_message_side",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "question",
                "answer",
                "note",
                name="submission_message_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("about", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("answers_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["answers_id"],
            ["submission_message.id"],
            name=op.f("fk_submission_message_answers_id_submission_message"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_submission_message_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_message")),
    )
    with op.batch_alter_table("submission_message", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_submission_message_answers_id"), ["answers_id"], unique=False
        )
        batch_op.create_index(
            "ix_submission_message_thread", ["submission_id", "kind"], unique=False
        )
    op.create_table(
        "local_test_case",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("local_test_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("instance_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("finding_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("label", sa.Boolean(), nullable=False),
        sa.Column("levels", db.Json(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "SUCCEEDED",
                "NO_RESULT",
                "SKIPPED",
                "FAILED",
                "CANCELLED",
                name="local_test_case_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=True),
        sa.Column("pins", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instance.id"], name=op.f("fk_local_test_case_instance_id_instance")
        ),
        sa.ForeignKeyConstraint(
            ["local_test_id"],
            ["local_test.id"],
            name=op.f("fk_local_test_case_local_test_id_local_test"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_local_test_case_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_local_test_case_study_id_study")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_test_case")),
        sa.UniqueConstraint(
            "local_test_id",
            "study_id",
            "instance_id",
            "finding_key",
            name=op.f("uq_local_test_case_local_test_id_study_id_instance_id_finding_key"),
        ),
    )
    with op.batch_alter_table("local_test_case", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_local_test_case_instance_id"), ["instance_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_local_test_case_site_id"), ["site_id"], unique=False)
        batch_op.create_index(
            "ix_local_test_case_study", ["local_test_id", "study_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_local_test_case_study_id"), ["study_id"], unique=False)
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stale_at", db.Utc(), nullable=True))
        batch_op.add_column(sa.Column("accepts_plan", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column("local_test_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.create_index(
            batch_op.f("ix_acceptance_configuration_digest_site_id_kind"),
            ["configuration_digest", "site_id", "kind"],
            unique=False,
        )
    with op.batch_alter_table("admission_check", schema=None) as batch_op:
        batch_op.add_column(sa.Column("status", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("facts", db.Json(), nullable=True))
        batch_op.add_column(
            sa.Column("supplier_key_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.create_index(
            batch_op.f("ix_admission_check_supplier_key_id"), ["supplier_key_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_admission_check_supplier_key_id_supplier_key"),
            "supplier_key",
            ["supplier_key_id"],
            ["id"],
        )
    with op.batch_alter_table("association", schema=None) as batch_op:
        batch_op.create_index(
            "ix_association_caller", ["site_id", "calling_ae", "opened_at", "stored"], unique=False
        )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delivery_node_id_delivered_at", ["node_id", "delivered_at"], unique=False
        )
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deployment_model_id_site_id"), ["model_id", "site_id"], unique=False
        )
    with op.batch_alter_table("deployment_approval", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    with op.batch_alter_table("deployment_change", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("closed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.add_column(sa.Column("closed_at", db.Utc(), nullable=True))
        batch_op.add_column(
            sa.Column("closed_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.create_index(
            "ix_deployment_change_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
    with op.batch_alter_table("deployment_period", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("by_label", sqlmodel.sql.sqltypes.AutoString(), nullable=True)
        )
        batch_op.create_index(
            batch_op.f("ix_deployment_period_model_id_from_at"),
            ["model_id", "from_at"],
            unique=False,
        )
    with op.batch_alter_table("model_version", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_model_version_model_id_id"), ["model_id", "id"], unique=False
        )
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("image_statistics", db.Json(), nullable=True))
        batch_op.create_index(
            "ix_run_shadow",
            ["deployment_id", "mode", "planned_at", "outcome"],
            unique=False,
            sqlite_where=sa.text("mode = 'shadow'"),
            postgresql_where=sa.text("mode = 'shadow'"),
        )
    with op.batch_alter_table("safety_case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stale_at", db.Utc(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_safety_case_version_digest"), ["version_digest"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("safety_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_safety_case_version_digest"))
        batch_op.drop_column("stale_at")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_run_shadow",
            sqlite_where=sa.text("mode = 'shadow'"),
            postgresql_where=sa.text("mode = 'shadow'"),
        )
        batch_op.drop_column("image_statistics")
    with op.batch_alter_table("model_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_model_version_model_id_id"))
    with op.batch_alter_table("deployment_period", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_period_model_id_from_at"))
        batch_op.drop_column("by_label")
    with op.batch_alter_table("deployment_change", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_deployment_change_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_column("closed_reason")
        batch_op.drop_column("closed_at")
        batch_op.drop_column("closed_by")
    with op.batch_alter_table("deployment_approval", schema=None) as batch_op:
        batch_op.drop_column("reason")
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_model_id_site_id"))
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_node_id_delivered_at")
    with op.batch_alter_table("association", schema=None) as batch_op:
        batch_op.drop_index("ix_association_caller")
    with op.batch_alter_table("admission_check", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_admission_check_supplier_key_id_supplier_key"), type_="foreignkey"
        )
        batch_op.drop_index(batch_op.f("ix_admission_check_supplier_key_id"))
        batch_op.drop_column("supplier_key_id")
        batch_op.drop_column("facts")
        batch_op.drop_column("status")
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_acceptance_configuration_digest_site_id_kind"))
        batch_op.drop_column("local_test_id")
        batch_op.drop_column("accepts_plan")
        batch_op.drop_column("stale_at")
    with op.batch_alter_table("local_test_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_local_test_case_study_id"))
        batch_op.drop_index("ix_local_test_case_study")
        batch_op.drop_index(batch_op.f("ix_local_test_case_site_id"))
        batch_op.drop_index(batch_op.f("ix_local_test_case_instance_id"))
    op.drop_table("local_test_case")
    with op.batch_alter_table("submission_message", schema=None) as batch_op:
        batch_op.drop_index("ix_submission_message_thread")
        batch_op.drop_index(batch_op.f("ix_submission_message_answers_id"))
    op.drop_table("submission_message")
    with op.batch_alter_table("local_test", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_local_test_version_id"))
        batch_op.drop_index(batch_op.f("ix_local_test_site_id"))
        batch_op.drop_index("ix_local_test_configuration")
        batch_op.drop_index(batch_op.f("ix_local_test_acceptance_id"))
    op.drop_table("local_test")
    op.drop_table("version_file")
    with op.batch_alter_table("version_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_version_change_version_id_at"))
        batch_op.drop_index(batch_op.f("ix_version_change_model_id_at"))
    op.drop_table("version_change")
    with op.batch_alter_table("submission", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_submission_state"))
        batch_op.drop_index("ix_submission_organisation_state")
    op.drop_table("submission")
