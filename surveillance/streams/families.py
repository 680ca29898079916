"""All that is watched: each family reads its own daily counts and assesses the streams in them."""

from datetime import date
from typing import Protocol

from surveillance.records.repository import Scope
from surveillance.streams import (
    categories,
    comparison,
    embeddings,
    features,
    groups,
    operations,
    outputs,
    performance,
    silence,
)
from surveillance.streams.assessment import Assessment
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


class Family(Protocol):
    """Streams that are read from the same counts.

    It reads in few queries however many streams there are, never further than `day`, only the
    sites that the actor may read, and gives a stream that it cannot judge a verdict that says so.
    """

    def __call__(
        self, session: ReadSession, actor: Actor, *, day: date, scope: Scope
    ) -> list[Assessment]: ...


# Everybody together: few, and shown on every page.
EVERYBODY: tuple[Family, ...] = (
    outputs.assess,
    performance.assess,
    features.assess,
    embeddings.assess,
    categories.assess,
    operations.assess,
    silence.assess,
    comparison.assess,
)
# Each group: many, judged once a day.
GROUPS: tuple[Family, ...] = (groups.assess, performance.assess_groups)
