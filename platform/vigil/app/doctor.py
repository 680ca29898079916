"""Is this installation well: what a person on call asks first."""

import os
import shutil
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from inference.runtime import isolation
from inference.runtime.settings import RuntimeSettings
from vigil.app import schema
from vigil.kernel.audit import service as audit
from vigil.kernel.parts import Parts

LOW_DISK = 0.1


@dataclass(frozen=True)
class Check:
    name: str
    good: bool
    note: str


def examine(parts: Parts) -> list[Check]:
    """Look at the database and its schema, the audit, the store, the disk, the secret, the cage."""
    return [
        _schema(parts),
        _audit(parts),
        _objects(parts),
        _disk(parts),
        _secret(parts),
        _isolation(parts),
    ]


def _schema(parts: Parts) -> Check:
    try:
        current = schema.is_current(parts.database)
    except SQLAlchemyError as error:
        return Check("database", False, f"does not answer ({type(error).__name__})")
    return Check("database", current, "newest schema" if current else "run `vigil db upgrade`")


def _audit(parts: Parts) -> Check:
    try:
        with parts.database.read() as session:
            verdict = audit.verify(session)
    except SQLAlchemyError:
        return Check("audit", False, "could not be read")
    note = f"{verdict.events} events, chain holds" if verdict.holds else "THE CHAIN IS BROKEN"
    return Check("audit", verdict.holds, note)


def _objects(parts: Parts) -> Check:
    folder = parts.settings.objects
    good = os.access(folder if folder.exists() else folder.parent, os.W_OK)
    return Check("objects", good, "can be written" if good else "cannot be written")


def _disk(parts: Parts) -> Check:
    usage = shutil.disk_usage(parts.settings.data_dir)
    share = usage.free / usage.total
    return Check("disk", share > LOW_DISK, f"{share:.0%} free")


def _isolation(parts: Parts) -> Check:
    refused = isolation.refused_here()
    if not refused:
        return Check("isolation", True, "a model's process has no network and no files")
    if RuntimeSettings.model_validate(parts.settings.model_dump()).runtime_without_isolation:
        return Check("isolation", True, f"not from {', '.join(refused)}, which is allowed")
    return Check("isolation", False, isolation.why(refused))


def _secret(parts: Parts) -> Check:
    mode = parts.settings.secret.stat().st_mode & 0o077
    note = "only for this user" if mode == 0 else "others can read it: chmod 600"
    return Check("secret", mode == 0, note)
