"""What serves patients on signatures that do not stand any more."""

from factories.deployments import place_deployment
from factories.identity import create_site
from factories.safety import accept, create_cast, create_version, sign_case
from sqlalchemy import event

from model_registry.deployments.models import Mode
from model_registry.deployments.stale import stale_in_use
from model_registry.safety.models import AcceptanceKind
from vigil.kernel.parts import Parts


def test_each_site_is_judged_by_its_own_thresholds(parts: Parts) -> None:
    """A version at two sites: what one site signed for its thresholds says nothing of the other."""
    with parts.database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        sign_case(session, parts.objects, cast, version)
        for kind in AcceptanceKind:
            accept(session, parts.objects, cast, version, kind)
        signed = place_deployment(session, version, cast.site.id, Mode.LIVE)
        elsewhere = create_site(session, "RYY01")
        other = place_deployment(session, version, elsewhere.id, Mode.LIVE)
        assert {one.deployment.id for one in stale_in_use(session, cast.manager, ())} == {other.id}
        signed.thresholds = {"pneumonia": 0.7}
        session.add(signed)
        session.flush()
        found = {one.deployment.id for one in stale_in_use(session, cast.manager, ())}
        assert found == {signed.id, other.id}


def test_what_is_signed_everywhere_takes_as_many_queries_as_what_is_signed_once(
    parts: Parts,
) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        for number in range(10):
            version = create_version(session, cast, name=f"model-{number}")
            sign_case(session, parts.objects, cast, version)
            for kind in AcceptanceKind:
                accept(session, parts.objects, cast, version, kind)
            place_deployment(session, version, cast.site.id, Mode.LIVE)
    asked: list[str] = []
    event.listen(parts.database.engine, "before_cursor_execute", lambda *a: asked.append(str(a[2])))
    with parts.database.read() as session:
        assert stale_in_use(session, cast.manager, ()) == []
    assert len([text for text in asked if text.startswith("SELECT")]) == 4
