"""Signatures after the Standard Webhooks specification 1.0 (standardwebhooks.com).

    webhook-id: whd_…        the same at every attempt: what a receiver knows a repeat by
    webhook-timestamp: 1795…  of this attempt
    webhook-signature: v1,BASE64 [v1,BASE64]

Each signature is HMAC-SHA256 over `id.timestamp.body`. While secrets are changed there are two.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from model_registry.webhooks.models import Webhook
from vigil.kernel.keys import Keys

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
_PURPOSE = "webhook.secret"


def secret(keys: Keys, webhook: Webhook) -> str:
    """Return the secret in force, as its receiver keeps it."""
    return PREFIX + base64.b64encode(_bytes(keys, webhook.id, webhook.secret_number)).decode()


def headers(
    keys: Keys, webhook: Webhook, *, message_id: str, body: str, now: datetime
) -> Mapping[str, str]:
    """Return what makes an attempt verifiable."""
    timestamp = int(now.timestamp())
    content = f"{message_id}.{timestamp}.{body}".encode()
    secrets = [_bytes(keys, webhook.id, number) for number in _numbers(webhook, now)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(one, content) for one in secrets),
    }


def _numbers(webhook: Webhook, now: datetime) -> Sequence[int]:
    overlaps = webhook.previous_until is not None and now < webhook.previous_until
    current = webhook.secret_number
    return [current, current - 1] if overlaps else [current]


def _bytes(keys: Keys, webhook_id: str, number: int) -> bytes:
    return keys.derive(_PURPOSE, f"{webhook_id}:{number}")


def _signature(key: bytes, content: bytes) -> str:
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"
