from datetime import date

from conftest import FakeClock, RecordingQueue

from surveillance.streams.tasks import EVALUATE, ask_for_yesterday
from vigil.kernel.parts import Parts


def test_the_last_whole_day_is_asked_for_once(
    parts: Parts, queue: RecordingQueue, clock: FakeClock
) -> None:
    asked = ask_for_yesterday(parts, None)
    ask_for_yesterday(parts, asked)
    ask_for_yesterday(parts, None)

    assert asked == date(2026, 11, 20)
    assert [(item.task, item.arguments) for item in queue.enqueued] == [(EVALUATE, ("2026-11-20",))]


def test_the_next_day_is_asked_for_when_it_is_over(
    parts: Parts, queue: RecordingQueue, clock: FakeClock
) -> None:
    asked = ask_for_yesterday(parts, None)
    clock.advance(86_400)

    assert ask_for_yesterday(parts, asked) == date(2026, 11, 21)
    assert len(queue.enqueued) == 2
