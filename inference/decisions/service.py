"""Take what a reader says of a finding, by the API or by a signed link that needs no sign-in.

The reader says only whether the finding is present; whether that agrees with the model is for Vigil
to tell. Every word is kept, the latest counts. Readers stand here as pseudonyms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inference.decisions import repository
from inference.decisions.errors import NothingToDecide, UnknownFinding
from inference.decisions.events import ReaderDecided
from inference.decisions.models import Decision, DecisionSource, ReaderDecision
from inference.runs.models import Finding, Outcome, Run
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.keys import Keys
from vigil.kernel.parts import Parts

LINK = "reader-link"
LINK_LIFE = timedelta(days=30)
_DECISIONS = {
    (True, True): Decision.AGREE_POS,
    (False, False): Decision.AGREE_NEG,
    (True, False): Decision.OVERRIDE_FP,
    (False, True): Decision.OVERRIDE_FN,
}


@dataclass(frozen=True)
class Link:
    """What a signed link opens: one deployment's result for one study, for one reader."""

    study_id: str
    deployment_id: str
    site_id: str
    reader_pseudonym: str

    @property
    def actor(self) -> Actor:
        """Return who follows the link: a reader who may do this one thing at this one site."""
        return Actor(
            id=f"link:{self.reader_pseudonym}",
            label="a reader by link",
            grants=(Grant(Role.READER, self.site_id),),
            sites=frozenset({self.site_id}),
            scopes=frozenset({Permission.DECISION_WRITE}),
        )


@dataclass(frozen=True)
class Reading:
    """What a reader is shown: the run whose result stands, its findings, what was said of them."""

    run: Run
    model: str
    version: str
    findings: Sequence[Finding]
    latest: dict[str, ReaderDecision]


def decide(
    session: WriteSession,
    actor: Actor,
    parts: Parts,
    *,
    finding_id: str,
    present: bool,
    source: DecisionSource,
    reader_pseudonym: str,
    comment: str | None = None,
) -> ReaderDecision:
    """Keep a reader's word on a finding and tell whoever listens.

    Raises:
        UnknownFinding: there is none, or not for this actor.
        NothingToDecide: its run gave no result.
    """
    finding = _finding(session, actor, finding_id)
    actor.require(Permission.DECISION_WRITE, finding.site_id)
    run = repository.run(session, actor, finding.run_id)
    if run is None or run.outcome is not Outcome.SUCCEEDED:
        raise NothingToDecide("The run of this finding did not succeed.")
    decision = ReaderDecision(
        id=session.new_id("dec"),
        finding_id=finding.id,
        run_id=finding.run_id,
        site_id=finding.site_id,
        decision=_DECISIONS[finding.flagged, present],
        comment=(comment or "").strip() or None,
        source=source,
        reader_pseudonym=reader_pseudonym,
        decided_at=session.now(),
    )
    session.add(decision)
    session.flush()
    why = "the reader saw it present" if present else "the reader saw it absent"
    audit.record(
        session,
        actor,
        "inference:decision:make",
        decision.id,
        why,
        finding=finding.id,
        decision=decision.decision.value,
        source=source.value,
    )
    parts.events.publish(session, ReaderDecided(decision.id))
    return decision


def decisions(session: ReadSession, actor: Actor, finding_id: str) -> Sequence[ReaderDecision]:
    """Return what was said of a finding, the latest first."""
    finding = _finding(session, actor, finding_id)
    actor.require(Permission.STUDY_READ, finding.site_id)
    return repository.of_finding(session, actor, finding.id)


def pseudonym_of(keys: Keys, reader: str) -> str:
    """Return what stands for a reader: a user id, or a local name that a RIS gives."""
    return keys.pseudonym("reader", reader)


def link_for(parts: Parts, actor: Actor, run: Run, reader: str | None = None) -> str:
    """Return the address under which a reader may agree or overrule without signing in.

    For a RIS or a viewer that shows it to the reader of this study. It is no part of a result
    object: whoever can open the study in an archive could decide in the reader's name.
    """
    actor.require(Permission.DECISION_WRITE, run.site_id)
    claims = {
        "study": run.study_id,
        "deployment": run.deployment_id,
        "site": run.site_id,
        "reader": pseudonym_of(parts.keys, reader or actor.id),
    }
    token = parts.keys.sign(LINK, claims, parts.database.clock() + LINK_LIFE)
    return f"{parts.settings.url}/read/{token}"


def open_link(keys: Keys, token: str, now: datetime) -> Link:
    """Return what a link opens.

    Raises:
        BadToken: it was changed, is not ours, or is too old.
    """
    claims = keys.open(LINK, token, now)
    return Link(
        study_id=claims["study"],
        deployment_id=claims["deployment"],
        site_id=claims["site"],
        reader_pseudonym=claims["reader"],
    )


def reading(session: ReadSession, link: Link) -> Reading:
    """Return what the link shows now: where a later run superseded the first, the later one."""
    run = repository.latest_finished(
        session, link.actor, study_id=link.study_id, deployment_id=link.deployment_id
    )
    if run is None:
        raise UnknownFinding("There is no result for this study.")
    model, version = repository.product_of(session, run)
    made = repository.of_run(session, link.actor, run.id)
    return Reading(
        run=run,
        model=model,
        version=version,
        findings=repository.findings(session, link.actor, run.id),
        latest={decision.finding_id: decision for decision in made},
    )


def decide_by_link(
    session: WriteSession, parts: Parts, link: Link, *, finding_id: str, present: bool
) -> ReaderDecision:
    """Keep a reader's word on a finding of the study that the link names, and of no other."""
    finding = _finding(session, link.actor, finding_id)
    run = repository.run(session, link.actor, finding.run_id)
    if run is None or (run.study_id, run.deployment_id) != (link.study_id, link.deployment_id):
        raise UnknownFinding("This link is for another study.")
    return decide(
        session,
        link.actor,
        parts,
        finding_id=finding_id,
        present=present,
        source=DecisionSource.LINK,
        reader_pseudonym=link.reader_pseudonym,
    )


def run_for(session: ReadSession, actor: Actor, run_id: str) -> Run:
    """Return a run that the actor may decide on."""
    run = repository.run(session, actor, run_id)
    if run is None:
        raise UnknownFinding("No run has this id, or it belongs to another site.")
    actor.require(Permission.DECISION_WRITE, run.site_id)
    return run


def _finding(session: ReadSession, actor: Actor, finding_id: str) -> Finding:
    finding = repository.finding(session, actor, finding_id)
    if finding is None:
        raise UnknownFinding("No finding has this id, or it belongs to another site.")
    return finding
