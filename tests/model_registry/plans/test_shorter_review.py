"""Which gates fall away for a version inside its plan, and which never do."""

from collections.abc import Sequence

import pytest
from factories.deployments import GATES, approve, deploy, request
from factories.plans import hand_in, planned
from factories.safety import Cast, create_cast, sign_case

from model_registry.deployments import gates
from model_registry.deployments.gate import GateStatus, Missing, ReleaseGate, Target
from model_registry.packages.plan_document import Criterion
from model_registry.safety import service as safety
from model_registry.safety import staleness
from model_registry.safety.models import Acceptance, AcceptanceKind
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.errors import Invalid
from vigil.kernel.events import Events
from vigil.kernel.objects import LocalObjectStore

FIRST = planned("1.0.0")
SECOND = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01)
OUTSIDE = planned("1.1.0", ("1.0.0", "retrain"), weights=1.01, auc=0.9)


def _accept(
    session: WriteSession,
    objects: LocalObjectStore,
    cast: Cast,
    version: ModelVersion,
    kind: AcceptanceKind = AcceptanceKind.DCB0160,
    *,
    accepts_plan: bool = False,
    passed: bool = True,
    thresholds: dict[str, float] | None = None,
    local_test_id: str | None = None,
) -> Acceptance:
    draft = safety.draft_acceptance(
        session,
        cast.site_officer,
        objects,
        kind=kind,
        version_id=version.id,
        site_id=cast.site.id,
        thresholds=thresholds or {},
        content=b"judgement",
        passed=passed,
        reason="test",
        accepts_plan=accepts_plan,
        local_test_id=local_test_id,
    )
    return safety.sign_acceptance(
        session, cast.site_officer, Events(), acceptance_id=draft.id, reason="test"
    )


class Reader:
    """Knows of every test that it showed what is asked, or what it did not show."""

    def __init__(self, *unmet: str) -> None:
        self._unmet = list(unmet)
        self.asked: list[tuple[str, Sequence[Criterion]]] = []

    def missing(self, session: ReadSession, version: ModelVersion, site_id: str) -> list[Missing]:
        del session, version, site_id
        return []

    def unshown(
        self, session: ReadSession, local_test_id: str, criteria: Sequence[Criterion]
    ) -> list[str]:
        del session
        self.asked.append((local_test_id, criteria))
        return self._unmet


def _gates(
    session: ReadSession,
    cast: Cast,
    version: ModelVersion,
    more: Sequence[ReleaseGate] = (),
    **thresholds: float,
) -> dict[str, GateStatus]:
    target = Target.of(version, cast.site.id, thresholds)
    return {gate.name: gate for gate in gates.statuses(session, (*GATES, *more), target)}


def _met(found: dict[str, GateStatus]) -> set[str]:
    return {name for name, gate in found.items() if gate.met}


def test_inside_the_plan_the_case_and_the_sites_acceptance_cover_the_new_version(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        case = sign_case(session, objects, cast, first)
        accepted = _accept(session, objects, cast, first, accepts_plan=True)
        second = hand_in(session, objects, cast, SECOND)

        found = _gates(session, cast, second)

        assert _met(found) == {"admission", "approval", "safety_case", "dcb0160"}
        assert found["safety_case"].evidence_id == case.id
        assert found["safety_case"].signed_by is not None
        assert "predetermined change plan of 1.0.0: step retrain" in found["safety_case"].why
        assert found["dcb0160"].evidence_id == accepted.id
        assert found["dcb0160"].why.startswith("the site accepted the plan: covered by")
        assert found["local_test"].why == "nothing is handed in"


def test_with_its_own_local_test_it_goes_live_by_two_people(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        _accept(session, objects, cast, first, accepts_plan=True)
        second = hand_in(session, objects, cast, SECOND)
        outcome = request(session, cast.manager, deploy(session, cast, second))
        assert [one.what for one in approve(session, cast.site_officer, outcome).missing] == [
            "a passed local acceptance test of this configuration"
        ]

        _accept(session, objects, cast, second, AcceptanceKind.LOCAL_TEST, local_test_id="lt_1")

        shown = (*GATES, Reader())
        assert approve(session, cast.site_officer, outcome, shown).is_applied


def test_what_the_plan_asks_of_the_local_test_is_asked_of_it(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        second = hand_in(session, objects, cast, SECOND)
        _accept(session, objects, cast, second, AcceptanceKind.LOCAL_TEST, local_test_id="lt_1")
        reader = Reader("sensitivity is 0.1")

        [unread, short, shown] = [
            _gates(session, cast, second, more)["local_test"]
            for more in ((), (reader,), (Reader(),))
        ]

        assert (unread.met, short.met, shown.met) == (False, False, True)
        assert "nobody here can read" in unread.why
        assert short.why.endswith("the change plan of 1.0.0 asks more: sensitivity is 0.1")
        [(test_id, [asked])] = reader.asked
        assert (test_id, asked.finding, asked.metric, asked.min) == (
            "lt_1",
            "effusion",
            "sensitivity",
            0.8,
        )


def test_a_document_by_hand_shows_nothing_of_what_the_plan_asks_of_a_test(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        sign_case(session, objects, cast, hand_in(session, objects, cast, FIRST))
        second = hand_in(session, objects, cast, SECOND)
        _accept(session, objects, cast, second, AcceptanceKind.LOCAL_TEST)

        found = _gates(session, cast, second, (Reader(),))

        assert not found["local_test"].met
        assert "asks for a test that Vigil runs: lower end of sensitivity for effusion of 0.8" in (
            found["local_test"].why
        )
        assert found["safety_case"].why.endswith(
            "Each site's test has to show: lower end of sensitivity for effusion of 0.8 or more"
        )


def test_a_site_that_did_not_accept_the_plan_judges_anew(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        _accept(session, objects, cast, first)
        found = _gates(session, cast, hand_in(session, objects, cast, SECOND))

        assert _met(found) == {"admission", "approval", "safety_case"}
        assert "acceptance of 1.0.0 does not accept its plan" in found["dcb0160"].why


def test_outside_the_plan_every_gate_stands_and_says_why(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        _accept(session, objects, cast, first, accepts_plan=True)
        found = _gates(session, cast, hand_in(session, objects, cast, OUTSIDE))

        assert _met(found) == {"admission", "approval"}
        for name in ("safety_case", "dcb0160"):
            assert "claims step retrain after 1.0.0 and is outside: not shown: auc" in (
                found[name].why
            )


def test_other_thresholds_than_the_site_accepted_are_not_covered(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        _accept(session, objects, cast, first, accepts_plan=True, thresholds={"pneumonia": 0.4})
        second = hand_in(session, objects, cast, SECOND)

        assert "dcb0160" not in _met(_gates(session, cast, second))
        assert "dcb0160" in _met(_gates(session, cast, second, pneumonia=0.4))


def test_a_stale_acceptance_of_the_reviewed_version_covers_nothing(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        _accept(session, objects, cast, first, accepts_plan=True)
        second = hand_in(session, objects, cast, SECOND)
        staleness.runtime_changed(session, cast.manager, "another runtime")

        assert _met(_gates(session, cast, second)) == {"admission", "approval", "safety_case"}


def test_what_a_site_judged_itself_no_plan_overrules(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        first = hand_in(session, objects, cast, FIRST)
        sign_case(session, objects, cast, first)
        _accept(session, objects, cast, first, accepts_plan=True)
        second = hand_in(session, objects, cast, SECOND)
        _accept(session, objects, cast, second, passed=False)

        found = _gates(session, cast, second)["dcb0160"]
        assert (found.met, found.why) == (False, "signed, and the judgement is that it failed")


@pytest.mark.parametrize("kind", AcceptanceKind)
def test_a_plan_that_is_not_there_cannot_be_accepted(
    sqlite: Database, objects: LocalObjectStore, kind: AcceptanceKind
) -> None:
    bare = planned("1.0.0", edit=lambda papers: setattr(papers, "plan", None))
    with sqlite.write() as session:
        cast = create_cast(session)
        version = hand_in(session, objects, cast, bare)
        with pytest.raises(Invalid, match="accepts_plan"):
            _accept(session, objects, cast, version, kind, accepts_plan=True)
