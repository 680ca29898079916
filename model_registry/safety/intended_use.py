"""Which fields of a card say what a model is for: by whom, for whom, and for whom not."""

import re
from collections.abc import Mapping
from typing import Any, Final

USE_FIELDS: Final = frozenset(
    {
        "intended_use",
        "intended_purpose",
        "out_of_scope",
        "contraindications",
        "population",
        "users",
        "use",
    }
)
_ROOT: Final = re.compile(r"[^.\[]+")
# The intended purpose as it is registered stands among facts that say nothing of the use.
_REGISTERED: Final = ("regulatory", "intended_purpose_text")


def speaks_of_use(path: str) -> bool:
    """Whether a path such as `out_of_scope[0]` lies in one of them."""
    root = _ROOT.match(path)
    return (root is not None and root.group() in USE_FIELDS) or path == ".".join(_REGISTERED)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return which of them differ between two cards."""
    found = {name for name in USE_FIELDS if before.get(name) != after.get(name)}
    if _registered(before) != _registered(after):
        found.add(".".join(_REGISTERED))
    return sorted(found)


def _registered(card: Mapping[str, Any]) -> Any:
    section = card.get(_REGISTERED[0])
    return section.get(_REGISTERED[1]) if isinstance(section, Mapping) else None
