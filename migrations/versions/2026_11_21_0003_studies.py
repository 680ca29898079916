"""Associations, quarantine, studies and routing."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from vigil.kernel import db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
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


def downgrade() -> None:
    with op.batch_alter_table("routing_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_routing_decision_study_id"))
        batch_op.drop_index(batch_op.f("ix_routing_decision_site_id"))
    op.drop_table("routing_decision")
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quarantine_site_id"))
        batch_op.drop_index(batch_op.f("ix_quarantine_object_digest"))
    op.drop_table("quarantine")
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_index("ix_instance_study")
        batch_op.drop_index(batch_op.f("ix_instance_digest"))
        batch_op.drop_index(batch_op.f("ix_instance_association_id"))
    op.drop_table("instance")
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
    with op.batch_alter_table("association", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_association_site_id"))
        batch_op.drop_index(
            "ix_association_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
    op.drop_table("association")
