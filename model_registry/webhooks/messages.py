"""What a message says. Facts and links only: no reason, no name, nothing that a person typed.

A reason is free text and could name a patient, an actor's id could name a person: neither leaves.
What does is listed here, field by field, so that a new detail of the audit is not sent by accident.
"""

import json
import re
from typing import Any

from model_registry.versions.models import Model, ModelVersion
from model_registry.webhooks.catalogue import PING, Topic
from model_registry.webhooks.subjects import About
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.models import Organisation, Site

# Details of the audit that are a state, a number or a digest, whoever wrote them.
FACTS = frozenset(
    {"digest", "content", "kind", "passed", "from", "to", "revision", "share", "scope", "key_id",
     "label", "alias", "inside"}
)  # fmt: skip
_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,99}")
_ROLES = re.compile(r"\(([a-z_, ]+)\)$")


def body(
    session: ReadSession,
    *,
    message_id: str,
    event: AuditEvent,
    topic: Topic,
    about: About,
    address: str,
) -> str:
    """Return the text of a message: the very bytes that are signed and sent."""
    model = session.get(Model, about.model_id) if about.model_id else None
    version = session.get(ModelVersion, about.version_id) if about.version_id else None
    site = session.get(Site, about.site_id) if about.site_id else None
    supplier = session.get(Organisation, model.organisation_id) if model else None
    links = {"self": f"{address}/api/v1{about.path}"} if about.path else {}
    if model and version:
        links["page"] = f"{address}/models/{model.id}/versions/{version.id}"
    data = {
        "subject": event.subject,
        "actor": role_of(event.actor_label),
        "supplier": supplier.ods_code if supplier else None,
        "model": model.name if model else None,
        "version": version.version if version else None,
        "version_id": version.id if version else None,
        "site": site.ods_code if site else None,
        "facts": {name: value for name, value in event.detail.items() if is_fact(name, value)},
        "links": links,
    }
    return _text(message_id, topic.name, event.at.isoformat(), data)


def ping(message_id: str, at: str) -> str:
    """Return the text of a test message."""
    return _text(message_id, PING, at, {})


def role_of(label: str) -> str:
    """Return in what capacity somebody acted: never who it was."""
    found = _ROLES.search(label)
    return found[1] if found else "vigil"


def is_fact(name: str, value: object) -> bool:
    if name not in FACTS:
        return False
    if isinstance(value, str):
        return bool(_PLAIN.fullmatch(value))
    return isinstance(value, bool | int | float)


def _text(message_id: str, kind: str, at: str, data: dict[str, Any]) -> str:
    message = {"id": message_id, "type": kind, "timestamp": at, "data": data}
    return json.dumps(message, separators=(",", ":"), sort_keys=True)
