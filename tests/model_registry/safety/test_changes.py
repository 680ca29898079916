"""Each change of what people signed for touches exactly the sign-offs that speak of it.

Three versions at two sites have every sign-off: `ours` at the site, `theirs` of another model, and
`older` of the same model. A change names what becomes stale, and all else stands.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from factories.identity import create_person, create_site
from factories.safety import Cast, accept, create_cast, create_version, sign_case
from sqlmodel import select

from model_registry.safety import staleness
from model_registry.safety.configuration import configuration_digest
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase, SignOffStatus
from model_registry.safety.staleness import Change
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore

USE: dict[str, object] = {
    "intended_use": "A second reader",
    "out_of_scope": ["Children"],
    "limitations": ["One site"],
}
EVERY = {
    f"{version} {what}"
    for version in ("ours", "older", "theirs")
    for what in (
        "case",
        *(f"{kind.value} {site}" for kind in AcceptanceKind for site in ("here", "there")),
    )
}
LOWER = {"pneumonia": 0.4}


@dataclass(frozen=True)
class Scene:
    cast: Cast
    there: str
    versions: dict[str, ModelVersion]


def _scene(session: WriteSession, objects: LocalObjectStore) -> Scene:
    cast = create_cast(session)
    there = create_site(session, "RYY01")
    elsewhere = replace(
        cast, site=there, site_officer=create_person(session, "RYY", Role.CSO, site_id=there.id)
    )
    versions = {
        "ours": create_version(session, cast, "2.0.0"),
        "older": create_version(session, cast, "1.0.0"),
        "theirs": create_version(session, cast, "1.0.0", name="other-model"),
    }
    for version in versions.values():
        sign_case(session, objects, cast, version)
        for kind in AcceptanceKind:
            accept(session, objects, cast, version, kind)
            accept(session, objects, elsewhere, version, kind)
    return Scene(cast, there.id, versions)


def _stale(session: ReadSession, scene: Scene) -> set[str]:
    names = {version.id: name for name, version in scene.versions.items()}
    found = {
        f"{names[case.version_id]} case"
        for case in session.exec(select(SafetyCase))
        if case.status is SignOffStatus.STALE
    }
    return found | {
        f"{names[one.version_id]} {one.kind.value} "
        f"{'there' if one.site_id == scene.there else 'here'}"
        for one in session.exec(select(Acceptance))
        if one.status is SignOffStatus.STALE
    }


def _some(*parts: str) -> set[str]:
    return {name for name in EVERY if any(name.startswith(part) for part in parts)}


def _at(version: str, site: str) -> set[str]:
    return {f"{version} {kind.value} {site}" for kind in AcceptanceKind}


def _new_version(session: WriteSession, scene: Scene) -> None:
    create_version(session, scene.cast, "3.0.0")


def _thresholds(session: WriteSession, scene: Scene) -> None:
    ours = scene.versions["ours"]
    staleness.mark_stale(
        session,
        scene.cast.manager,
        change=Change.THRESHOLDS,
        reason="why",
        version_id=ours.id,
        site_id=scene.cast.site.id,
        configuration_digest=configuration_digest(ours, {}),
    )


def _thresholds_nobody_signed(session: WriteSession, scene: Scene) -> None:
    ours = scene.versions["ours"]
    staleness.mark_stale(
        session,
        scene.cast.manager,
        change=Change.THRESHOLDS,
        reason="why",
        version_id=ours.id,
        site_id=scene.cast.site.id,
        configuration_digest=configuration_digest(ours, LOWER),
    )


def _routing(session: WriteSession, scene: Scene) -> None:
    model_id = scene.versions["ours"].model_id
    staleness.routing_scope_changed(
        session, scene.cast.manager, scene.cast.site.id, model_id, "children too"
    )


def _other_use(session: WriteSession, scene: Scene) -> None:
    _card(session, scene, USE | {"intended_use": "Reads alone"})


def _other_exclusion(session: WriteSession, scene: Scene) -> None:
    _card(session, scene, USE | {"out_of_scope": []})


def _other_registration(session: WriteSession, scene: Scene) -> None:
    _card(session, scene, USE | {"regulatory": {"intended_purpose_text": "Triage"}})


def _same_use(session: WriteSession, scene: Scene) -> None:
    _card(session, scene, USE | {"limitations": ["None"], "regulatory": {"class_uk": "IIa"}})


def _card(session: WriteSession, scene: Scene, after: dict[str, object]) -> None:
    staleness.intended_use_changed(
        session,
        scene.cast.submitter,
        version_id=scene.versions["ours"].id,
        before=USE,
        after=after,
    )


def _runtime(session: WriteSession, scene: Scene) -> None:
    staleness.runtime_changed(session, scene.cast.manager, "another onnxruntime")


def _preprocessing(session: WriteSession, scene: Scene) -> None:
    change = Change.PREPROCESSING
    staleness.mark_stale(session, scene.cast.manager, change=change, reason="another resampling")


ACCEPTANCES = {name for name in EVERY if not name.endswith("case")}
CHANGES: dict[str, tuple[Callable[[WriteSession, Scene], None], set[str]]] = {
    "another version": (_new_version, set()),
    "thresholds": (_thresholds, _at("ours", "here")),
    "thresholds that nobody signed for": (_thresholds_nobody_signed, set()),
    "routing scope": (_routing, _at("ours", "here") | _at("older", "here")),
    "intended use": (_other_use, _some("ours")),
    "who is excluded": (_other_exclusion, _some("ours")),
    "registered purpose": (_other_registration, _some("ours")),
    "a card that says the same of its use": (_same_use, set()),
    "runtime": (_runtime, ACCEPTANCES),
    "preprocessing": (_preprocessing, EVERY),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_touches_exactly_what_speaks_of_it(
    database: Database, objects: LocalObjectStore, change: str
) -> None:
    make, touched = CHANGES[change]
    with database.write() as session:
        scene = _scene(session, objects)
        assert _stale(session, scene) == set()

        make(session, scene)

        assert _stale(session, scene) == touched


def test_the_reason_names_the_fields_and_the_time_is_kept(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        scene = _scene(session, objects)
        _other_exclusion(session, scene)
        found = [
            case for case in session.exec(select(SafetyCase)) if case.status is SignOffStatus.STALE
        ]

        assert [case.stale_reason for case in found] == [
            "the published card says otherwise of out_of_scope"
        ]
        assert [case.stale_at for case in found] == [session.now()]
