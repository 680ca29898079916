"""The settings of webhooks."""

from pydantic import Field

from model_registry.webhooks.addresses import Hosts
from vigil.kernel.settings import KernelSettings


class WebhookSettings(KernelSettings):
    webhook_hosts: str = Field(
        default="",
        description="hosts, with commas between them, that webhooks may call though they are "
        "private or without TLS: `relay.example.org`, `10.1.2.3:8443`",
    )
    webhook_timeout: float = Field(
        default=10, gt=0, description="seconds that a webhook's receiver may take in all"
    )


def hosts_of(settings: KernelSettings) -> Hosts:
    """Return which hosts may be called in this installation."""
    return Hosts.of(settings.webhook_hosts if isinstance(settings, WebhookSettings) else "")
