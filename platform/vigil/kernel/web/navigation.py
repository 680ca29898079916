"""The menu: a few sections of pages, of which everybody sees what they may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


@dataclass(frozen=True)
class Link:
    """A page of the menu, shown to whoever holds the permission (None: to everybody).

    Attributes:
        within: further pages of the same section, shown on the section's own pages.
    """

    text: str
    href: str
    permission: Permission | None = None
    within: tuple["Link", ...] = ()

    def holds(self, path: str) -> bool:
        """Whether `path` is this page or one below it."""
        return path == self.href or (self.href != "/" and path.startswith(f"{self.href}/"))


@dataclass(frozen=True)
class Section:
    """What one person sees of a part of the menu: its head leads to the first of its links."""

    links: Sequence[Link]

    @property
    def head(self) -> Link:
        return self.links[0]

    def current(self, path: str) -> Link | None:
        """The link that `path` belongs to, if it is one of this section's."""
        return next((link for link in self.links if link.holds(path)), None)


def sections(links: Iterable[Link], actor: Actor | None) -> list[Section]:
    """Return the sections of which the person may see anything; a stranger sees what all may."""
    found = (_permitted((link, *link.within), actor) for link in links)
    return [Section(permitted) for permitted in found if permitted]


def _permitted(links: Iterable[Link], actor: Actor | None) -> list[Link]:
    """Two links may lead to one page for two permissions; whoever holds both sees one."""
    by_href: dict[str, Link] = {}
    for link in links:
        if link.permission is None or (actor is not None and actor.may(link.permission)):
            by_href.setdefault(link.href, link)
    return list(by_href.values())
