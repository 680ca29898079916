"""How long to wait before the next attempt, and when to stop. Pure."""

from dataclasses import dataclass
from datetime import timedelta

_DOUBLINGS = 30


@dataclass(frozen=True)
class Backoff:
    """Twice as long after each attempt, up to `max_delay`, `max_attempts` times in all."""

    first_delay: timedelta
    max_delay: timedelta
    max_attempts: int

    def delay_after(self, attempts: int) -> timedelta | None:
        """Return the wait after this many failed attempts; None where it was the last one."""
        if attempts >= self.max_attempts:
            return None
        factor: int = 2 ** min(attempts - 1, _DOUBLINGS)
        return min(self.first_delay * factor, self.max_delay)
