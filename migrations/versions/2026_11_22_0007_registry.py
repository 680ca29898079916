"""Keys, uploads, webhooks, readiness, stops, change plans and aliases."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supplier_key",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("public_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "trusted",
                "revoked",
                name="supplier_key_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("proposed_at", db.Utc(), nullable=False),
        sa.Column("trusted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("trusted_at", db.Utc(), nullable=True),
        sa.Column("revoked_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("revoked_at", db.Utc(), nullable=True),
        sa.Column("revoked_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_supplier_key_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_key")),
        sa.UniqueConstraint(
            "organisation_id", "key_id", name=op.f("uq_supplier_key_organisation_id_key_id")
        ),
    )
    with op.batch_alter_table("supplier_key", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_supplier_key_organisation_id"), ["organisation_id"], unique=False
        )
    op.create_table(
        "upload",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("filename", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "complete",
                "abandoned",
                name="upload_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reading", db.Json(), nullable=True),
        sa.Column(
            "rehearsal",
            sa.Enum(
                "requested",
                "passed",
                "failed",
                name="upload_rehearsal",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("rehearsed_at", db.Utc(), nullable=True),
        sa.Column("verdicts", db.Json(), nullable=True),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("expires_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_upload_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            "ix_upload_organisation_state", ["organisation_id", "state"], unique=False
        )
    op.create_table(
        "webhook",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("topics", db.Json(), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("secret_number", sa.Integer(), nullable=False),
        sa.Column("previous_until", db.Utc(), nullable=True),
        sa.Column("created_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("ended_at", db.Utc(), nullable=True),
        sa.Column("ended_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_webhook_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    with op.batch_alter_table("webhook", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_webhook_organisation_id"), ["organisation_id"], unique=False
        )
    op.create_table(
        "readiness_evidence",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("item", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("applies", sa.Boolean(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("document_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("document_name", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", db.Utc(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("superseded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_readiness_evidence_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_readiness_evidence_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_readiness_evidence_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["readiness_evidence.id"],
            name=op.f("fk_readiness_evidence_superseded_by_readiness_evidence"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readiness_evidence")),
    )
    with op.batch_alter_table("readiness_evidence", schema=None) as batch_op:
        batch_op.create_index(
            "ix_readiness_evidence_current",
            ["item", "site_id", "model_id"],
            unique=False,
            sqlite_where=sa.text("superseded_by IS NULL"),
            postgresql_where=sa.text("superseded_by IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_readiness_evidence_organisation_id"), ["organisation_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_readiness_evidence_site_id"), ["site_id"], unique=False
        )
    op.create_table(
        "stop_order",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "site",
                "model",
                "supplier",
                name="stop_order_scope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ordered_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ordered_at", db.Utc(), nullable=False),
        sa.Column("lift_requested_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lift_requested_at", db.Utc(), nullable=True),
        sa.Column("lift_request_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lift_as_manager", sa.Boolean(), nullable=False),
        sa.Column("lift_as_officer", sa.Boolean(), nullable=False),
        sa.Column("lifted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("lifted_at", db.Utc(), nullable=True),
        sa.Column("lift_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "(scope = 'site' AND site_id IS NOT NULL AND model_id IS NULL "
            "AND organisation_id IS NULL) OR "
            "(scope = 'model' AND site_id IS NULL AND model_id IS NOT NULL "
            "AND organisation_id IS NULL) OR "
            "(scope = 'supplier' AND site_id IS NULL AND model_id IS NULL "
            "AND organisation_id IS NOT NULL)",
            name=op.f("ck_stop_order_stop_order_one_target"),
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_stop_order_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_stop_order_organisation_id_organisation"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_stop_order_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_order")),
    )
    with op.batch_alter_table("stop_order", schema=None) as batch_op:
        batch_op.create_index(
            "uq_stop_order_model_id_in_force",
            ["model_id"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.create_index(
            "uq_stop_order_organisation_id_in_force",
            ["organisation_id"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.create_index(
            "uq_stop_order_site_id_in_force",
            ["site_id"],
            unique=True,
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("webhook_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("topic", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "delivered",
                "dead",
                name="webhook_delivery_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempts_before_retry", sa.Integer(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("since", db.Utc(), nullable=False),
        sa.Column("next_attempt_at", db.Utc(), nullable=True),
        sa.Column("delivered_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id_webhook")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint(
            "webhook_id", "sequence", name=op.f("uq_webhook_delivery_webhook_id_sequence")
        ),
    )
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhook_delivery_pending",
            ["webhook_id", "position"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
    op.create_table(
        "change_plan",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content", db.Json(), nullable=False),
        sa.Column("read_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_change_plan_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_plan")),
        sa.UniqueConstraint("version_id", name=op.f("uq_change_plan_version_id")),
    )
    op.create_table(
        "echo_proof",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("node_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("said", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name=op.f("fk_echo_proof_node_id_node")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_echo_proof_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_echo_proof")),
    )
    with op.batch_alter_table("echo_proof", schema=None) as batch_op:
        batch_op.create_index("ix_echo_proof_node_id_at", ["node_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_echo_proof_site_id"), ["site_id"], unique=False)
    op.create_table(
        "model_alias",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("model_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_by_label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_at", db.Utc(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ended_at", db.Utc(), nullable=True),
        sa.Column("ended_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("ended_by_label", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("end_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"], ["model.id"], name=op.f("fk_model_alias_model_id_model")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_model_alias_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_alias")),
    )
    with op.batch_alter_table("model_alias", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_model_alias_model_id_set_at"), ["model_id", "set_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_model_alias_version_id"), ["version_id"], unique=False)
        batch_op.create_index(
            "uq_model_alias_standing",
            ["model_id", "name"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
    op.create_table(
        "plan_assessment",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("predecessor_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("anchor_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("chain", db.Json(), nullable=False),
        sa.Column("is_inside", sa.Boolean(), nullable=False),
        sa.Column("reasons", db.Json(), nullable=False),
        sa.Column("differences", db.Json(), nullable=False),
        sa.Column("criteria", db.Json(), nullable=False),
        sa.Column("assessed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["anchor_id"],
            ["model_version.id"],
            name=op.f("fk_plan_assessment_anchor_id_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["predecessor_id"],
            ["model_version.id"],
            name=op.f("fk_plan_assessment_predecessor_id_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["model_version.id"],
            name=op.f("fk_plan_assessment_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_assessment")),
        sa.UniqueConstraint(
            "version_id", "number", name=op.f("uq_plan_assessment_version_id_number")
        ),
    )


def downgrade() -> None:
    op.drop_table("plan_assessment")
    with op.batch_alter_table("model_alias", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_model_alias_standing",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_model_alias_version_id"))
        batch_op.drop_index(batch_op.f("ix_model_alias_model_id_set_at"))
    op.drop_table("model_alias")
    with op.batch_alter_table("echo_proof", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_echo_proof_site_id"))
        batch_op.drop_index("ix_echo_proof_node_id_at")
    op.drop_table("echo_proof")
    op.drop_table("change_plan")
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_webhook_delivery_pending",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
    op.drop_table("webhook_delivery")
    with op.batch_alter_table("stop_order", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_stop_order_site_id_in_force",
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_stop_order_organisation_id_in_force",
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_stop_order_model_id_in_force",
            sqlite_where=sa.text("lifted_at IS NULL"),
            postgresql_where=sa.text("lifted_at IS NULL"),
        )
    op.drop_table("stop_order")
    with op.batch_alter_table("readiness_evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_readiness_evidence_site_id"))
        batch_op.drop_index(batch_op.f("ix_readiness_evidence_organisation_id"))
        batch_op.drop_index(
            "ix_readiness_evidence_current",
            sqlite_where=sa.text("superseded_by IS NULL"),
            postgresql_where=sa.text("superseded_by IS NULL"),
        )
    op.drop_table("readiness_evidence")
    with op.batch_alter_table("webhook", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webhook_organisation_id"))
    op.drop_table("webhook")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index("ix_upload_organisation_state")
        batch_op.drop_index(batch_op.f("ix_upload_expires_at"))
    op.drop_table("upload")
    with op.batch_alter_table("supplier_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_supplier_key_organisation_id"))
    op.drop_table("supplier_key")
