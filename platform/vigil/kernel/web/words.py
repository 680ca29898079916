"""How values read on a page: states as tags, instants in full, numbers with few digits.

A state has the same colour on every page, and its text carries the meaning: the colour only helps
(NHS service manual, tag component).
"""

from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from markupsafe import Markup

# Times are read by people in the United Kingdom; the database and the API keep UTC.
READERS_ZONE = "Europe/London"
MISSING = "Not recorded"

_COLOURS = {
    "green": ("live", "approved", "signed", "applied", "published", "delivered", "succeeded",
              "resolved", "passed", "met", "agree", "in_control", "active", "closed", "no_gap"),
    "blue": ("new", "submitted", "checked", "canary", "planned", "running", "pending", "receiving",
             "open", "requested", "signing"),
    "purple": ("shadow",),
    "yellow": ("draft", "stale", "acknowledged", "watch", "insufficient_data", "no_result",
               "skipped", "reopened", "transient", "possible_gap"),
    "red": ("refused", "suspended", "failed", "dead", "escalated", "escalate", "breach",
            "permanent", "challenged", "missing", "not_met", "lost", "aborted", "gap",
            "hidden_by_mix"),
    "grey": ("retired", "withdrawn", "cancelled", "superseded", "revoked", "expired", "released"),
}  # fmt: skip
_ABBREVIATED = {
    "cso": "Clinical safety officer",
    "imd": "Deprivation (IMD)",
    "ppv": "Positive predictive value",
    "override_fp_rate": "Flags that readers turn down",
    "override_fn_rate": "Findings that readers add",
}
_COLOUR_BY_WORD = {word: colour for colour, words in _COLOURS.items() for word in words}


def colour_of(state: object) -> str:
    """Return the tag colour of a state; grey for one that says nothing good or bad."""
    return _COLOUR_BY_WORD.get(_word(state).lower().replace(" ", "_"), "grey")


def in_words(state: object) -> str:
    """Return `NO_RESULT` as `No result`."""
    if state in _ABBREVIATED:
        return _ABBREVIATED[str(state)]
    text = _word(state).replace("_", " ").strip()
    text = text.lower() if text.isupper() else text
    return text[:1].upper() + text[1:]


def when(instant: datetime | None) -> Markup:
    """Return an instant as `20 August 2026, 14:05`, readable by programs too."""
    if instant is None:
        return Markup.escape(MISSING)
    local = instant.astimezone(ZoneInfo(READERS_ZONE))
    text = f"{local.day} {local:%B %Y, %H:%M}"
    return Markup('<time datetime="{}">{}</time>').format(instant.isoformat(), text)


def day(value: date | None) -> str:
    """Return a day as `20 August 2026`."""
    return MISSING if value is None else f"{value.day} {value:%B %Y}"


def days(first: date, last: date) -> str:
    """Return `on 20 August 2026`, or `from 20 August 2026 to 3 September 2026`."""
    return f"on {day(first)}" if first == last else f"from {day(first)} to {day(last)}"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with thousands separated, whole numbers without a point."""
    if value is None:
        return MISSING
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.{digits}f}"


def _word(state: object) -> str:
    return str(state.value) if isinstance(state, Enum) else str(state)
