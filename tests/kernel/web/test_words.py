from datetime import UTC, datetime
from enum import StrEnum

import pytest

from vigil.kernel.web.words import colour_of, in_words, number, when


class State(StrEnum):
    NO_RESULT = "NO_RESULT"


def test_an_instant_is_written_in_full_in_the_readers_time() -> None:
    written = str(when(datetime(2026, 8, 20, 13, 5, tzinfo=UTC)))
    assert written == '<time datetime="2026-08-20T13:05:00+00:00">20 August 2026, 14:05</time>'


def test_what_is_missing_is_said() -> None:
    assert (str(when(None)), number(None)) == ("Not recorded", "Not recorded")


@pytest.mark.parametrize(
    ("state", "text", "colour"),
    [
        (State.NO_RESULT, "No result", "yellow"),
        ("insufficient data", "Insufficient data", "yellow"),
        ("live", "Live", "green"),
        ("unheard of", "Unheard of", "grey"),
    ],
)
def test_a_state_reads_as_words_in_its_colour(state: object, text: str, colour: str) -> None:
    assert (in_words(state), colour_of(state)) == (text, colour)


def test_numbers_are_grouped() -> None:
    assert (number(1234567), number(0.1234), number(3.0)) == ("1,234,567", "0.12", "3")
