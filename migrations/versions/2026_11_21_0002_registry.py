"""Models, versions, nodes, safety cases, acceptances and deployments."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_model_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_model_organisation_id_name")),
    )
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_model_organisation_id"), ["organisation_id"], unique=False
        )
    op.create_table(
        "model_version",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("manifest", db.Json(), nullable=False),
        sa.Column("preprocessing_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "checked",
                "refused",
                "approved",
                "withdrawn",
                name="model_version_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("submitted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submitted_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_model_version_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_model_version_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_version")),
        sa.UniqueConstraint("digest", name=op.f("uq_model_version_digest")),
        sa.UniqueConstraint("model_id", "version", name=op.f("uq_model_version_model_id_version")),
    )
    with op.batch_alter_table("model_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_model_version_model_id"), ["model_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_model_version_organisation_id"), ["organisation_id"], unique=False
        )
    op.create_table(
        "node",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ae_title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("host", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("is_source", sa.Boolean(), nullable=False),
        sa.Column("is_destination", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_node_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
    )
    with op.batch_alter_table("node", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_node_site_id"), ["site_id"], unique=False)
        batch_op.create_index(
            "uq_node_active_source",
            ["ae_title"],
            unique=True,
            sqlite_where=sa.text("is_source AND active"),
            postgresql_where=sa.text("is_source AND active"),
        )
    op.create_table(
        "acceptance",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "dcb0160",
                "local_test",
                name="acceptance_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("configuration_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "signed",
                "stale",
                name="acceptance_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("submitted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submitted_at", db.Utc(), nullable=False),
        sa.Column("signed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("signed_at", db.Utc(), nullable=True),
        sa.Column("stale_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["signed_by"], ["user_account.id"], name=op.f("fk_acceptance_signed_by_user_account")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_acceptance_site_id_site")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_acceptance_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance")),
    )
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_acceptance_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_acceptance_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_acceptance_signed",
            ["site_id", "kind", "configuration_digest"],
            unique=True,
            sqlite_where=sa.text("status = 'signed'"),
            postgresql_where=sa.text("status = 'signed'"),
        )
    op.create_table(
        "admission_check",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_admission_check_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission_check")),
        sa.UniqueConstraint("version_id", "name", name=op.f("uq_admission_check_version_id_name")),
    )
    with op.batch_alter_table("admission_check", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_admission_check_version_id"), ["version_id"], unique=False
        )
    op.create_table(
        "deployment",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                "suspended",
                "retired",
                name="deployment_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("thresholds", db.Json(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_deployment_model_id_model")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_deployment_site_id_site")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_deployment_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
    )
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deployment_site_id"), ["site_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deployment_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_deployment_in_use",
            ["version_id", "site_id"],
            unique=True,
            sqlite_where=sa.text("mode <> 'retired'"),
            postgresql_where=sa.text("mode <> 'retired'"),
        )
        batch_op.create_index(
            "uq_deployment_live",
            ["model_id", "site_id"],
            unique=True,
            sqlite_where=sa.text("mode = 'live'"),
            postgresql_where=sa.text("mode = 'live'"),
        )
    op.create_table(
        "safety_case",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "signed",
                "stale",
                name="safety_case_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("submitted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("submitted_at", db.Utc(), nullable=False),
        sa.Column("signed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("signed_at", db.Utc(), nullable=True),
        sa.Column("stale_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_safety_case_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["signed_by"], ["user_account.id"], name=op.f("fk_safety_case_signed_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_safety_case_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_case")),
    )
    with op.batch_alter_table("safety_case", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_safety_case_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_safety_case_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_safety_case_signed",
            ["version_digest"],
            unique=True,
            sqlite_where=sa.text("status = 'signed'"),
            postgresql_where=sa.text("status = 'signed'"),
        )
    op.create_table(
        "deployment_change",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deployment_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_revision", sa.Integer(), nullable=False),
        sa.Column(
            "to_mode",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                "suspended",
                "retired",
                name="deployment_change_to_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("to_share", sa.Integer(), nullable=False),
        sa.Column("to_thresholds", db.Json(), nullable=False),
        sa.Column("replaces_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "replaced_becomes",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                "suspended",
                "retired",
                name="deployment_change_replaced_becomes",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("requested_at", db.Utc(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "applied",
                "withdrawn",
                name="deployment_change_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_deployment_change_deployment_id_deployment"),
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["deployment.id"],
            name=op.f("fk_deployment_change_replaces_id_deployment"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_change")),
    )
    with op.batch_alter_table("deployment_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deployment_change_deployment_id"), ["deployment_id"], unique=False
        )
    op.create_table(
        "deployment_period",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deployment_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "shadow",
                "canary",
                "live",
                "suspended",
                "retired",
                name="deployment_period_mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("thresholds", db.Json(), nullable=False),
        sa.Column("from_at", db.Utc(), nullable=False),
        sa.Column("to_at", db.Utc(), nullable=True),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_deployment_period_deployment_id_deployment"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_deployment_period_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_deployment_period_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_deployment_period_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_period")),
        sa.UniqueConstraint(
            "deployment_id", "revision", name=op.f("uq_deployment_period_deployment_id_revision")
        ),
    )
    with op.batch_alter_table("deployment_period", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deployment_period_site_id_from_at"), ["site_id", "from_at"], unique=False
        )
    op.create_table(
        "deployment_approval",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("change_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("as_manager", sa.Boolean(), nullable=False),
        sa.Column("as_officer", sa.Boolean(), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["deployment_change.id"],
            name=op.f("fk_deployment_approval_change_id_deployment_change"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_deployment_approval_user_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment_approval")),
        sa.UniqueConstraint(
            "change_id", "user_id", name=op.f("uq_deployment_approval_change_id_user_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("deployment_approval")
    with op.batch_alter_table("deployment_period", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_period_site_id_from_at"))
    op.drop_table("deployment_period")
    with op.batch_alter_table("deployment_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_change_deployment_id"))
    op.drop_table("deployment_change")
    with op.batch_alter_table("safety_case", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_safety_case_signed",
            sqlite_where=sa.text("status = 'signed'"),
            postgresql_where=sa.text("status = 'signed'"),
        )
        batch_op.drop_index(batch_op.f("ix_safety_case_version_id"))
        batch_op.drop_index(batch_op.f("ix_safety_case_organisation_id"))
    op.drop_table("safety_case")
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_deployment_live",
            sqlite_where=sa.text("mode = 'live'"),
            postgresql_where=sa.text("mode = 'live'"),
        )
        batch_op.drop_index(
            "uq_deployment_in_use",
            sqlite_where=sa.text("mode <> 'retired'"),
            postgresql_where=sa.text("mode <> 'retired'"),
        )
        batch_op.drop_index(batch_op.f("ix_deployment_version_id"))
        batch_op.drop_index(batch_op.f("ix_deployment_site_id"))
    op.drop_table("deployment")
    with op.batch_alter_table("admission_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_admission_check_version_id"))
    op.drop_table("admission_check")
    with op.batch_alter_table("acceptance", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_acceptance_signed",
            sqlite_where=sa.text("status = 'signed'"),
            postgresql_where=sa.text("status = 'signed'"),
        )
        batch_op.drop_index(batch_op.f("ix_acceptance_version_id"))
        batch_op.drop_index(batch_op.f("ix_acceptance_site_id"))
    op.drop_table("acceptance")
    with op.batch_alter_table("node", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_node_active_source",
            sqlite_where=sa.text("is_source AND active"),
            postgresql_where=sa.text("is_source AND active"),
        )
        batch_op.drop_index(batch_op.f("ix_node_site_id"))
    op.drop_table("node")
    with op.batch_alter_table("model_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_model_version_organisation_id"))
        batch_op.drop_index(batch_op.f("ix_model_version_model_id"))
    op.drop_table("model_version")
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_model_organisation_id"))
    op.drop_table("model")
