"""Two versions side by side: what differs, what the cards claim, what was seen at the sites."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from model_registry.packages.document import read_yaml
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.layout import CARD
from model_registry.versions import contents
from model_registry.versions import service as versions
from model_registry.versions.comparison import Contents, Difference, Section, compare
from model_registry.versions.errors import UnknownVersion
from model_registry.versions.models import Model, ModelVersion
from vigil.app.lineage import LocalFigures, figures
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, allowed
from vigil.kernel.web.pages import Page, render

router = APIRouter(include_in_schema=False)
RegistryReader = Annotated[Actor, Depends(allowed(Permission.REGISTRY_READ))]
NAMES = {Section.SAFETY_CASE: "Safety case", Section.GOLDEN: "Golden cases"}


@dataclass(frozen=True)
class Claim:
    """A figure that a card claims, in one of the two or in both."""

    dataset: str
    metric: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class ComparePage(Page):
    template: ClassVar[str] = "app/compare.html"
    model: Model
    before: ModelVersion
    after: ModelVersion
    sections: Mapping[str, Sequence[Difference]]
    unchanged: Sequence[str]
    same_weights: bool
    claims: Sequence[Claim]
    local: Mapping[str, LocalFigures]
    sees_local: bool


@router.get("/models/{model_id}/compare")
def show(
    request: Request,
    session: Reading,
    reader: RegistryReader,
    parts: PartsDep,
    model_id: str,
    before: Annotated[str, Query()],
    after: Annotated[str, Query()],
) -> Response:
    model = versions.model(session, reader, model_id)
    pair = [versions.version(session, reader, one) for one in (before, after)]
    if any(one.model_id != model.id for one in pair):
        raise UnknownVersion("This model has no such version.")
    had, has = (contents.contents_of(session, parts.objects, one) for one in pair)
    found = compare(had, has)
    page = ComparePage(
        title=f"{model.title}: {pair[0].version} and {pair[1].version}",
        model=model,
        before=pair[0],
        after=pair[1],
        sections=_by_section(found),
        unchanged=[_name(one) for one in Section if not any(d.section is one for d in found)],
        same_weights=not any(one.section is Section.WEIGHTS for one in found),
        claims=_claims(had, has),
        local=figures(session, reader, [one.id for one in pair]),
        sees_local=reader.may(Permission.SURVEILLANCE_READ),
    )
    return render(request, page)


def _by_section(found: Sequence[Difference]) -> dict[str, list[Difference]]:
    grouped: dict[str, list[Difference]] = {}
    for one in found:
        grouped.setdefault(_name(one.section), []).append(one)
    return grouped


def _name(section: Section) -> str:
    return NAMES.get(section, section.value.capitalize())


def _claims(before: Contents, after: Contents) -> list[Claim]:
    """Return the figures of both cards, those of the same data set and name side by side."""
    had, has = _metrics(before), _metrics(after)
    return [Claim(*key, had.get(key), has.get(key)) for key in {**had, **has}]


def _metrics(held: Contents) -> dict[tuple[str, str], str]:
    try:
        card = read_yaml(held.documents[CARD], CARD)
    except (KeyError, BrokenPackage):
        return {}
    found: dict[tuple[str, str], str] = {}
    for evaluation in _mappings(card.get("evaluation")):
        listed = [*_mappings(evaluation.get("metrics")), *_mappings(evaluation.get("subgroups"))]
        for metric in listed:
            key = str(evaluation.get("dataset", "")), _what(metric)
            found[key] = _figure(metric)
    return found


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _what(metric: dict[str, Any]) -> str:
    """Name a figure, and of whom it tells where it is not of everybody."""
    group = ": ".join(str(metric[key]) for key in ("axis", "level") if metric.get(key))
    return f"{metric.get('name', '')} ({group})" if group else str(metric.get("name", ""))


def _figure(metric: dict[str, Any]) -> str:
    """Write a claimed figure with how many cases stand behind it."""
    value, cases = metric.get("value"), metric.get("n")
    return f"{value} (n = {cases})" if cases is not None else f"{value}"
