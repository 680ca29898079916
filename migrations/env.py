"""Runs the migrations on the connection that `vigil.app.schema` (or a test) hands over."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from surveillance.records.models import Slots
from vigil.app.tables import metadata
from vigil.kernel.db import Json, Utc
from vigil.kernel.engine.tables import DBOS_SCHEMA, DBOS_TABLES


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    # The engine keeps its own tables, in the same file on SQLite: autogenerate would drop them.
    return not (kind == "schema" and name == DBOS_SCHEMA)


def include_object(_item: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    return not (kind == "table" and reflected and name in DBOS_TABLES)


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, Slots):
        return "sa.LargeBinary()"
    if kind == "type" and isinstance(item, (Json, Utc)):
        autogen.imports.add("from vigil.kernel import db")
        return f"db.{type(item).__name__}()"
    return False


connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=True,
    include_name=include_name,
    include_object=include_object,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
