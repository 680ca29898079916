"""Which edges a subject is counted on, on a day: asked once for a version's site."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from surveillance.measures.histogram import Edges
from surveillance.records.folding import Frozen
from surveillance.references import repository
from surveillance.references.repository import Held
from vigil.kernel.db import ReadSession


class FrozenOnDay:
    """Callable as `FrozenOf`; good for one transaction, as a reference may be set in the next."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        self._held: dict[tuple[str, str], dict[str, list[Held]]] = {}
        self._known: dict[tuple[str, str, str, date], Frozen | None] = {}

    def __call__(self, version_id: str, site_id: str, subject: str, day: date) -> Frozen | None:
        key = (version_id, site_id, subject, day)
        if key not in self._known:
            held = self._of(version_id, site_id).get(subject, ())
            self._known[key] = on_day(held, day)
        return self._known[key]

    def _of(self, version_id: str, site_id: str) -> dict[str, list[Held]]:
        place = (version_id, site_id)
        if place not in self._held:
            by_subject: dict[str, list[Held]] = defaultdict(list)
            for held in repository.held(self._session, version_id, site_id):
                by_subject[held.finding_key].append(held)
            self._held[place] = by_subject
        return self._held[place]


def on_day(held: Sequence[Held], day: date) -> Frozen | None:
    """Return what counts on `day`: the site's own before the general one, the latest of each."""
    in_force = [one for one in held if one.effective_from <= day]
    if not in_force:
        return None
    best = max(in_force, key=lambda one: (one.site_id is not None, one.effective_from, one.id))
    return Frozen(best.id, _edges(best.edges))


@lru_cache(maxsize=4096)
def _edges(text: str) -> Edges:
    # A version's edges are the same for every run: reading them anew is half of folding one.
    return Edges(tuple(json.loads(text)))
