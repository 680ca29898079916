"""What a site's own test gives surveillance: the scores that its officer signed as good.

Set when a passed test is signed, from consecutive studies only: a choice of studies has another mix
of cases than what arrives, and every stream would alarm at that. Where it cannot be, the test says
why; the signature stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from model_registry.safety import service as safety
from model_registry.safety.events import AcceptanceSigned
from surveillance.local_tests import repository
from surveillance.local_tests.models import LocalTest, LocalTestCase
from surveillance.local_tests.rule import Rule
from surveillance.records.baseline import set_from_cases
from surveillance.references.cases import Case
from surveillance.references.models import ReferenceSource
from surveillance.references.service import MIN_CASES
from vigil.kernel.db import WriteSession
from vigil.kernel.errors import VigilError
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore
from vigil.kernel.parts import Parts

ACTOR = system_actor("surveillance")
NOT_PASSED = "The test was not passed: its scores are nobody's reference."
SELECTED = "The studies were chosen, so their scores are not those of what arrives."


@dataclass(frozen=True)
class LocalTestEvents:
    """What hears that a test was signed, in whichever process that happens."""

    parts: Parts

    def on_acceptance_signed(self, session: WriteSession, event: AcceptanceSigned) -> None:
        set_reference(session, event.signed_by, self.parts.objects, event.acceptance_id)


def set_reference(
    session: WriteSession, signer: Actor, objects: ObjectStore, acceptance_id: str
) -> None:
    """Set the site's reference of each tested finding, if the signed acceptance is a test's."""
    row = repository.of_acceptance(session, ACTOR, acceptance_id)
    if row is None:
        return
    passed = safety.acceptance_by_id(session, ACTOR, acceptance_id).passed
    rule = Rule.model_validate(row.rule)
    if not passed or rule.sampling == "selected":
        row.reference_note = SELECTED if passed else NOT_PASSED
    else:
        cases = repository.cases(session, ACTOR, row.id)
        said = [_set(session, signer, objects, row, key, cases) for key in rule.keys]
        row.reference_note = " ".join(said)
    session.add(row)
    session.flush()


def _set(
    session: WriteSession,
    signer: Actor,
    objects: ObjectStore,
    row: LocalTest,
    key: str,
    cases: Sequence[LocalTestCase],
) -> str:
    """Set one finding's reference, or return why not."""
    scored = [_case(case) for case in cases if case.finding_key == key and case.score is not None]
    if len(scored) < MIN_CASES:
        return f"{key}: {len(scored)} of the {MIN_CASES} scores that a reference needs."
    if not signer.may(Permission.SURVEILLANCE_RUN, row.site_id):
        return f"{key}: who signed may not set a reference."
    try:
        kept = set_from_cases(
            session,
            signer,
            objects,
            version_id=row.version_id,
            site_id=row.site_id,
            finding_key=key,
            cases=scored,
            source=ReferenceSource.SITE,
            reason=f"local acceptance test {row.id}",
        )
    except VigilError as error:
        return f"{key}: {error.detail}"
    return f"{key}: reference {kept.id} from {kept.n} scores."


def _case(case: LocalTestCase) -> Case:
    return Case(float(case.score or 0.0), case.flagged is True, case.levels, case.label)
