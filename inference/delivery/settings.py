"""The settings of deliveries: how patient Vigil is with a destination."""

from datetime import timedelta

from pydantic import Field

from inference.delivery.backoff import Backoff
from vigil.kernel.settings import KernelSettings


class DeliverySettings(KernelSettings):
    """The defaults try for about a day, every quarter of an hour towards its end."""

    delivery_first_delay: float = Field(
        default=10, gt=0, description="seconds before a failed delivery is tried again"
    )
    delivery_max_delay: float = Field(
        default=900, gt=0, description="longest wait between two attempts, in seconds"
    )
    delivery_max_attempts: int = Field(
        default=100, ge=1, description="attempts after which a delivery waits for a person"
    )
    delivery_timeout: float = Field(
        default=30, gt=0, description="seconds that a destination may take to answer"
    )

    @property
    def delivery_backoff(self) -> Backoff:
        return Backoff(
            first_delay=timedelta(seconds=self.delivery_first_delay),
            max_delay=timedelta(seconds=self.delivery_max_delay),
            max_attempts=self.delivery_max_attempts,
        )
