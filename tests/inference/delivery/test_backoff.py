from datetime import timedelta

from inference.delivery.backoff import Backoff
from inference.delivery.settings import DeliverySettings

SECOND = timedelta(seconds=1)


def test_waits_double_up_to_the_longest_and_then_end() -> None:
    backoff = Backoff(first_delay=SECOND, max_delay=5 * SECOND, max_attempts=5)

    waits = [backoff.delay_after(attempts) for attempts in range(1, 6)]

    assert waits == [SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND, None]


def test_many_attempts_do_not_overflow() -> None:
    backoff = Backoff(first_delay=SECOND, max_delay=5 * SECOND, max_attempts=10**6)

    assert backoff.delay_after(10**5) == 5 * SECOND


def test_the_defaults_try_for_about_a_day() -> None:
    backoff = DeliverySettings().delivery_backoff
    waits = [backoff.delay_after(attempts) for attempts in range(1, backoff.max_attempts)]

    total = sum((wait for wait in waits if wait), timedelta())

    assert timedelta(hours=20) < total < timedelta(hours=30)
