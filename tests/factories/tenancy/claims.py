"""What a noun claims of its routes: who may ask each, and the rows that prove it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from factories.whole import Network, Party

from vigil.kernel.parts import Parts


@dataclass(frozen=True)
class Write:
    """A change that would be good, if it came from who may make it."""

    body: dict[str, Any]
    form: bool = False
    document: bool = False
    content: bytes = b"mine"
    raw: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def no_rows(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Claims:
    """The routes of one noun, each in one list; the lists are those of tests/app/test_tenancy.py.

    `seed` makes a row in each of the noun's tables for a party and returns the ids by the names
    that the routes use, such as `{"submission_id": "sub_..."}`.
    """

    public: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    lists: dict[str, str] = field(default_factory=dict)
    site_things: frozenset[str] = frozenset()
    supplier_things: frozenset[str] = frozenset()
    writes: dict[str, list[Write]] = field(default_factory=dict)
    not_owned: frozenset[str] = frozenset()
    seed: Callable[[Parts, Network, Party], dict[str, str]] = no_rows
