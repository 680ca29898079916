"""The sum of every domain's settings: what `vigil config show` prints, docs/settings.md tells."""

from inference.delivery.settings import DeliverySettings
from inference.node.settings import NodeSettings
from inference.runtime.settings import RuntimeSettings
from model_registry.submissions.settings import SubmissionSettings
from model_registry.webhooks.settings import WebhookSettings
from surveillance.settings import SurveillanceSettings
from vigil.kernel.engine.settings import EngineSettings
from vigil.kernel.settings import load


class Settings(
    SubmissionSettings,
    NodeSettings,
    RuntimeSettings,
    DeliverySettings,
    EngineSettings,
    SurveillanceSettings,
    WebhookSettings,
):
    """Everything that can be set."""


def read() -> Settings:
    """Read the settings of this process from the environment and vigil.toml."""
    settings: Settings = load(Settings)
    return settings
