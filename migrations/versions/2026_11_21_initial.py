"""initial

Old code may run while this executes: expand first, contract in a later release.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from vigil.kernel import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


AUDIT_SQLITE = (
    "CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
    "CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
)
AUDIT_POSTGRESQL = (
    "CREATE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$",
    "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()",
)


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", db.Utc(), nullable=False),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor_label", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("tag", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("detail", db.Json(), nullable=False),
        sa.Column("previous_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event_subject"), ["subject"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event_tag"), ["tag"], unique=False)

    op.create_table(
        "engine_step_outcome",
        sa.Column("work_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("outcome", db.Json(), nullable=True),
        sa.Column("at", db.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("work_id", "step", name=op.f("pk_engine_step_outcome")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("actor_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("route", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("request_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("answer", db.Json(), nullable=True),
        sa.Column("at", db.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("key", "actor_id", "route", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ods_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "supplier",
                "provider",
                "network",
                name="organisation_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("ods_code", name=op.f("uq_organisation_ods_code")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("pipeline", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started_at", db.Utc(), nullable=False),
        sa.Column("beat_at", db.Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
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
        "site",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ods_code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_site_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("ods_code", name=op.f("uq_site_ods_code")),
    )
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_site_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "user_account",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("organisation_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("professional_body", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("registration_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_user_account_organisation_id_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
    )
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_user_account_organisation_id"), ["organisation_id"], unique=False
        )

    op.create_table(
        "api_token",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scopes", db.Json(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("expires_at", db.Utc(), nullable=False),
        sa.Column("revoked_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_api_token_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_token_user_id"), ["user_id"], unique=False)

    op.create_table(
        "association",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("calling_ae", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("called_ae", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("peer_host", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("receiver", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("opened_at", db.Utc(), nullable=False),
        sa.Column("closed_at", db.Utc(), nullable=True),
        sa.Column(
            "ending",
            sa.Enum(
                "released",
                "aborted",
                "lost",
                "refused",
                name="association_ending",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_association_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_association")),
    )
    with op.batch_alter_table("association", schema=None) as batch_op:
        batch_op.create_index(
            "ix_association_open",
            ["receiver"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_association_site_id"), ["site_id"], unique=False)

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
        "role_grant",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "supplier",
                "network_manager",
                "cso",
                "reader",
                "operator",
                "auditor",
                "admin",
                name="role_grant_role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("granted_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_role_grant_site_id_site")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_role_grant_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "user_id", "role", "site_id", name=op.f("uq_role_grant_user_id_role_site_id")
        ),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grant_user_id"), ["user_id"], unique=False)

    op.create_table(
        "routing_revision",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "superseded",
                name="routing_revision_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rules", db.Json(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("drafted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("drafted_at", db.Utc(), nullable=False),
        sa.Column("published_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("published_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_routing_revision_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_revision")),
        sa.UniqueConstraint("site_id", "number", name=op.f("uq_routing_revision_site_id_number")),
    )
    with op.batch_alter_table("routing_revision", schema=None) as batch_op:
        batch_op.create_index(
            "ix_routing_revision_one_published",
            ["site_id"],
            unique=True,
            sqlite_where=sa.text("state = 'published'"),
            postgresql_where=sa.text("state = 'published'"),
        )

    op.create_table(
        "study",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_instance_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("patient_pseudonym", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("first_arrival_at", db.Utc(), nullable=False),
        sa.Column("last_arrival_at", db.Utc(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("revision_started_at", db.Utc(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "receiving",
                "closed",
                name="study_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("closed_at", db.Utc(), nullable=True),
        sa.Column(
            "closing",
            sa.Enum(
                "association_closed",
                "quiet",
                "cap",
                name="study_closing",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_study_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint(
            "site_id", "study_instance_uid", name=op.f("uq_study_site_id_study_instance_uid")
        ),
    )
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_study_patient_pseudonym"), ["patient_pseudonym"], unique=False
        )
        batch_op.create_index(
            "ix_study_receiving",
            ["last_arrival_at"],
            unique=False,
            sqlite_where=sa.text("state = 'receiving'"),
            postgresql_where=sa.text("state = 'receiving'"),
        )

    op.create_table(
        "web_session",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("user_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("csrf_token", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", db.Utc(), nullable=False),
        sa.Column("expires_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_web_session_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_session_user_id"), ["user_id"], unique=False)

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
        "card",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("version_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("content", db.Json(), nullable=False),
        sa.Column("content_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "published",
                "withdrawn",
                name="card_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("published_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("published_at", db.Utc(), nullable=False),
        sa.Column("withdrawn_at", db.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_card_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index(
            "ix_card_one_published",
            ["version_id"],
            unique=True,
            sqlite_where=sa.text("status = 'published'"),
            postgresql_where=sa.text("status = 'published'"),
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
        "instance",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_revision", sa.Integer(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("series_instance_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sop_class_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sop_instance_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("transfer_syntax_uid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("data_set_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("association_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("received_at", db.Utc(), nullable=False),
        sa.Column("attributes", db.Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["association_id"],
            ["association.id"],
            name=op.f("fk_instance_association_id_association"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_instance_site_id_site")),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_instance_study_id_study")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint(
            "site_id", "sop_instance_uid", name=op.f("uq_instance_site_id_sop_instance_uid")
        ),
    )
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_instance_association_id"), ["association_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_instance_digest"), ["digest"], unique=False)
        batch_op.create_index("ix_instance_study", ["study_id", "study_revision"], unique=False)

    op.create_table(
        "quarantine",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("association_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("object_digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["association_id"],
            ["association.id"],
            name=op.f("fk_quarantine_association_id_association"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_quarantine_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint(
            "object_digest",
            "status",
            "site_id",
            name=op.f("uq_quarantine_object_digest_status_site_id"),
        ),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_quarantine_object_digest"), ["object_digest"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_quarantine_site_id"), ["site_id"], unique=False)

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

    op.create_table(
        "routing_decision",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("study_revision", sa.Integer(), nullable=False),
        sa.Column("site_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("routing_revision_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("rule", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("deployment_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", db.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["deployment.id"],
            name=op.f("fk_routing_decision_deployment_id_deployment"),
        ),
        sa.ForeignKeyConstraint(
            ["routing_revision_id"],
            ["routing_revision.id"],
            name=op.f("fk_routing_decision_routing_revision_id_routing_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_routing_decision_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name=op.f("fk_routing_decision_study_id_study")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_decision")),
    )
    with op.batch_alter_table("routing_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_routing_decision_site_id"), ["site_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_routing_decision_study_id"), ["study_id"], unique=False
        )

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
    protect = AUDIT_SQLITE if op.get_bind().dialect.name == "sqlite" else AUDIT_POSTGRESQL
    for statement in protect:
        op.execute(statement)


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
    op.drop_table("deployment_approval")
    with op.batch_alter_table("run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_run_version_id"))
        batch_op.drop_index(batch_op.f("ix_run_supersedes_run_id"))
        batch_op.drop_index(batch_op.f("ix_run_study_id"))
        batch_op.drop_index("ix_run_state_planned_at")
        batch_op.drop_index("ix_run_site_id_planned_at")
        batch_op.drop_index(batch_op.f("ix_run_deployment_id"))

    op.drop_table("run")
    with op.batch_alter_table("routing_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_routing_decision_study_id"))
        batch_op.drop_index(batch_op.f("ix_routing_decision_site_id"))

    op.drop_table("routing_decision")
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_version_id"))
        batch_op.drop_index(batch_op.f("ix_report_site_id"))

    op.drop_table("report")
    with op.batch_alter_table("prediction_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prediction_record_supersedes_pseudonym"))
        batch_op.drop_index("ix_prediction_record_stream")

    op.drop_table("prediction_record")
    with op.batch_alter_table("deployment_period", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_period_site_id_from_at"))

    op.drop_table("deployment_period")
    with op.batch_alter_table("deployment_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deployment_change_deployment_id"))

    op.drop_table("deployment_change")
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
    with op.batch_alter_table("safety_case", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_safety_case_signed",
            sqlite_where=sa.text("status = 'signed'"),
            postgresql_where=sa.text("status = 'signed'"),
        )
        batch_op.drop_index(batch_op.f("ix_safety_case_version_id"))
        batch_op.drop_index(batch_op.f("ix_safety_case_organisation_id"))

    op.drop_table("safety_case")
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
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quarantine_site_id"))
        batch_op.drop_index(batch_op.f("ix_quarantine_object_digest"))

    op.drop_table("quarantine")
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_index("ix_instance_study")
        batch_op.drop_index(batch_op.f("ix_instance_digest"))
        batch_op.drop_index(batch_op.f("ix_instance_association_id"))

    op.drop_table("instance")
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
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_card_one_published",
            sqlite_where=sa.text("status = 'published'"),
            postgresql_where=sa.text("status = 'published'"),
        )

    op.drop_table("card")
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
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_session_user_id"))

    op.drop_table("web_session")
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_study_receiving",
            sqlite_where=sa.text("state = 'receiving'"),
            postgresql_where=sa.text("state = 'receiving'"),
        )
        batch_op.drop_index(batch_op.f("ix_study_patient_pseudonym"))

    op.drop_table("study")
    with op.batch_alter_table("routing_revision", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_routing_revision_one_published",
            sqlite_where=sa.text("state = 'published'"),
            postgresql_where=sa.text("state = 'published'"),
        )

    op.drop_table("routing_revision")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_role_grant_user_id"))

    op.drop_table("role_grant")
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
    with op.batch_alter_table("association", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_association_site_id"))
        batch_op.drop_index(
            "ix_association_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.drop_table("association")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_token_user_id"))

    op.drop_table("api_token")
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_account_organisation_id"))

    op.drop_table("user_account")
    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_organisation_id"))

    op.drop_table("site")
    with op.batch_alter_table("model", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_model_organisation_id"))

    op.drop_table("model")
    op.drop_table("worker")
    op.drop_table("organisation")
    op.drop_table("idempotency_key")
    op.drop_table("engine_step_outcome")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_event_tag"))
        batch_op.drop_index(batch_op.f("ix_audit_event_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_event_actor_id"))

    op.drop_table("audit_event")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_event_append_only")
