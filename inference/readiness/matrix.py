"""Every site beside every model: who is ready for what, and what is lacking."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from inference.readiness import repository, standing
from inference.readiness.items import BY_KEY, OF_MODEL, OF_SITE, Item, ItemKey, Kind, Scope
from inference.readiness.repository import Offer, Signed, Use
from inference.readiness.standing import NodeFacts, Paper, ShadowFacts, Standing
from model_registry.deployments.models import Mode
from model_registry.safety.models import AcceptanceKind
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site

# What is nearest to patients says how a site stands, where several versions are in use.
_NEAREST = (Mode.LIVE, Mode.CANARY, Mode.SHADOW, Mode.SUSPENDED)
_OF_NODES = {
    ItemKey.ECHO: standing.echoed,
    ItemKey.HEARD: standing.called,
    ItemKey.TEST_STUDY: standing.study_arrived,
    ItemKey.RESULT: standing.result_taken,
}
_OF_OFFICER = {
    ItemKey.DCB0160: AcceptanceKind.DCB0160,
    ItemKey.LOCAL_TEST: AcceptanceKind.LOCAL_TEST,
}
Place = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Cell:
    """A site and a model.

    Attributes:
        mode: how the model is in use at the site; None where it is not.
        version: the version that is meant: the one deployed last, else the newest on offer.
    """

    site: Site
    offer: Offer
    mode: Mode | None
    version_id: str
    version: str
    standings: Sequence[Standing]

    @cached_property
    def lacking(self) -> list[Item]:
        return [one.item for one in self.standings if one.state.is_lacking]

    @property
    def is_ready(self) -> bool:
        return not self.lacking

    @property
    def words(self) -> str:
        lacks = len(self.lacking)
        state = "Ready" if not lacks else f"Lacks {lacks}"
        return state if self.mode is None else f"{self.mode.value.capitalize()}, {state.lower()}"


@dataclass(frozen=True)
class Facts:
    """All that was read, from which every cell follows without another query."""

    now: datetime
    sites: Sequence[Site]
    offers: Sequence[Offer]
    nodes: Mapping[str, Sequence[NodeFacts]]
    deployments: Mapping[tuple[str, str], Sequence[Use]]
    labels: Mapping[str, str]
    shadows: Mapping[str, ShadowFacts]
    signed: Collection[Signed]
    evidence: Mapping[Place, Paper]
    _of_site: dict[str, list[Standing]] = field(default_factory=dict)
    _of_model: dict[tuple[str, str], Standing] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        session: ReadSession,
        actor: Actor,
        *,
        site_ids: Collection[str] | None = None,
        model_id: str | None = None,
    ) -> "Facts":
        """Read what the actor may see of these sites, or of all."""
        sites = repository.sites(session, actor, site_ids)
        ids = [site.id for site in sites]
        used: dict[tuple[str, str], list[Use]] = {}
        for one in repository.in_use(session, ids):
            used.setdefault((one.site_id, one.model_id), []).append(one)
        papers = repository.current(session, actor, model_id, ids)
        meant = [these[-1] for these in used.values()]
        return cls(
            now=session.now(),
            sites=sites,
            offers=repository.offers(session, model_id),
            nodes=repository.node_facts(session, ids),
            deployments=used,
            labels=repository.version_labels(session, (one.version_id for one in meant)),
            shadows=repository.shadow_facts(session, [one.id for one in meant]),
            signed=repository.signed(session, ids),
            evidence={_place_of(one): one for one in papers},
        )

    def cells(self, site: Site) -> list[Cell]:
        return [self.cell(site, offer) for offer in self.offers]

    def cell(self, site: Site, offer: Offer) -> Cell:
        used = self.deployments.get((site.id, offer.model_id), [])
        version_id = used[-1].version_id if used else offer.version_id
        modes = {one.mode for one in used}
        return Cell(
            site=site,
            offer=offer,
            mode=next((mode for mode in _NEAREST if mode in modes), None),
            version_id=version_id,
            version=self.labels.get(version_id, offer.version),
            standings=[
                *self.of_site(site),
                *(self._of_offer(site, item, offer, version_id, used) for item in OF_MODEL),
            ],
        )

    def of_site(self, site: Site) -> list[Standing]:
        """Return how the items stand that depend on no model; worked out once for each site."""
        if site.id not in self._of_site:
            self._of_site[site.id] = [self._standing(site, item) for item in OF_SITE]
        return self._of_site[site.id]

    def _of_offer(
        self, site: Site, item: Item, offer: Offer, version_id: str, used: Sequence[Use]
    ) -> Standing:
        """Work out what holds for a model at every site once, and the rest for each site."""
        if item.scope is not Scope.MODEL:
            return self._standing(site, item, offer, version_id, used)
        key = item.key, offer.model_id
        if key not in self._of_model:
            self._of_model[key] = self._standing(site, item, offer)
        return self._of_model[key]

    def _standing(
        self,
        site: Site,
        item: Item,
        offer: Offer | None = None,
        version_id: str = "",
        used: Sequence[Use] = (),
    ) -> Standing:
        recorded = self.evidence.get(place(item, site, offer.model_id if offer else None))
        today = self.now.date()
        if recorded is not None and not recorded.applies:
            waived = standing.waived(item, recorded, today)
            if waived is not None:
                return waived
            recorded = None
        if item.kind is Kind.EVIDENCED:
            return standing.evidenced(item, recorded, today)
        if item.key in _OF_NODES:
            return _OF_NODES[item.key](self.nodes.get(site.id, []), self.now)
        if item.key in _OF_OFFICER:
            is_signed = (site.id, version_id, _OF_OFFICER[item.key]) in self.signed
            return standing.signed(item.key, is_signed)
        return standing.shadow(self.shadows.get(used[-1].id) if used else None)


def place(item: Item, site: Site | None, model_id: str | None) -> Place:
    """Return where evidence for an item belongs: what it holds for, and nothing narrower."""
    match item.scope:
        case Scope.SITE:
            return item.key.value, site.id if site else None, None
        case Scope.ORGANISATION:
            return item.key.value, site.organisation_id if site else None, None
        case Scope.MODEL:
            return item.key.value, None, model_id
        case Scope.SITE_MODEL:
            return item.key.value, site.id if site else None, model_id


def _place_of(evidence: Paper) -> Place:
    item = BY_KEY[ItemKey(evidence.item)]
    if item.scope is Scope.ORGANISATION:
        return evidence.item, evidence.organisation_id, None
    return evidence.item, evidence.site_id, evidence.model_id
