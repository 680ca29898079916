"""The settings of webhooks."""

from pydantic import Field

from model_registry.webhooks.addresses import Hosts, HostsFor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.settings import KernelSettings


class WebhookSettings(KernelSettings):
    webhook_hosts: str = Field(
        default="",
        description="hosts, with commas between them, that webhooks may call though they are "
        "private or without TLS, as `KIND@HOST:PORT`: `network@relay.example.org:8443`, "
        "`provider@10.1.2.3:443`; without a kind the network's, without a port 443, `*` any port",
    )
    webhook_timeout: float = Field(
        default=10, gt=0, description="seconds that a webhook's receiver may take in all"
    )


def hosts_of(settings: KernelSettings) -> HostsFor:
    """Return which hosts webhooks of each kind of organisation may call in this installation."""
    setting = settings.webhook_hosts if isinstance(settings, WebhookSettings) else ""
    return {kind: Hosts.of(setting, kind) for kind in OrganisationKind}
