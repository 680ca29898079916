"""How long to wait before the next attempt, and when to stop. Pure.

What a receiver refuses for good (a status of 400 to 499 but for 408, 425 and 429) is set aside
after three times, so that one message does not hold up the others. A receiver that refuses one
message after the other is itself at fault: after five the next one waits, as after any failure.

Four times as long after each failure, never more than four hours, for a day: about ten attempts.
The wait is shortened or lengthened by up to a fifth, by the message's id, so that messages which
failed together do not come back together.
"""

import hashlib
from datetime import datetime, timedelta

FIRST = timedelta(seconds=10)
LONGEST = timedelta(hours=4)
LIFE = timedelta(days=1)
REFUSALS = 3
MOST_ASIDE = 5
_FACTOR = 4
_SPREAD = 0.2
_MOST_DOUBLINGS = 10


def next_attempt_at(
    message_id: str, *, attempts: int, since: datetime, now: datetime
) -> datetime | None:
    """Return when to try again after this many attempts; None where a day of them has passed."""
    at = now + delay_after(message_id, attempts)
    return at if at - since < LIFE else None


def is_set_aside(refusals: int, aside: int) -> bool:
    """Say whether a message is given up, refused so often in a row, with so many before it."""
    return refusals >= REFUSALS and aside < MOST_ASIDE


def delay_after(message_id: str, attempts: int) -> timedelta:
    steps: int = _FACTOR ** min(attempts - 1, _MOST_DOUBLINGS)
    return min(FIRST * steps, LONGEST) * _jitter(f"{message_id}:{attempts}")


def _jitter(text: str) -> float:
    part = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
    return 1 - _SPREAD + 2 * _SPREAD * part
