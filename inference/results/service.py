"""Make the result objects of a finished run and keep them, once."""

from collections.abc import Sequence

from inference.results import repository
from inference.results.errors import SourceUnusable
from inference.results.models import Result, ResultKind
from inference.results.report import Image, Product, Report, ReportedFinding
from inference.results.source import Source
from inference.results.sr import make_sr
from inference.runs.models import Finding, Outcome, Run
from inference.studies.models import Instance
from model_registry.versions.models import ModelVersion
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import ObjectStore
from vigil.kernel.parts import Parts

# The row of an object that is made and not yet kept: plain text, as a workflow's step remembers it.
Made = dict[str, str]


def make(parts: Parts, actor: Actor, run_id: str) -> list[Made]:
    """Make the objects of a finished run and put them in the object store; no row is written yet.

    Making again gives the same bytes. A cancelled run has nothing to say.

    Raises:
        SourceUnusable: the images' headers do not say whose, or of which study, the result is.
    """
    with parts.database.read() as session:
        run = repository.run(session, actor, run_id)
        if run.outcome in (None, Outcome.CANCELLED):
            return []
        report = _report(session, actor, parts.objects, run)
    made = make_sr(report)
    return [
        {
            "kind": ResultKind.SR.value,
            "sop_class_uid": made.sop_class_uid,
            "sop_instance_uid": made.sop_instance_uid,
            "series_instance_uid": made.series_instance_uid,
            "digest": parts.objects.put(made.data),
            "left_out": ", ".join(made.left_out),
        }
    ]


def keep(session: WriteSession, actor: Actor, run_id: str, made: Sequence[Made]) -> list[Result]:
    """Keep what was made of a run; what is kept already stays."""
    run = repository.run(session, actor, run_id)
    present = {result.kind: result for result in repository.results_of(session, actor, run.id)}
    return [present.get(ResultKind(one["kind"])) or _kept(session, actor, run, one) for one in made]


def results_of(session: ReadSession, actor: Actor, run_id: str) -> Sequence[Result]:
    return repository.results_of(session, actor, run_id)


def _kept(session: WriteSession, actor: Actor, run: Run, made: Made) -> Result:
    result = Result(
        id=session.new_id("res"),
        run_id=run.id,
        site_id=run.site_id,
        kind=ResultKind(made["kind"]),
        sop_class_uid=made["sop_class_uid"],
        sop_instance_uid=made["sop_instance_uid"],
        series_instance_uid=made["series_instance_uid"],
        digest=made["digest"],
        created_at=session.now(),
    )
    session.add(result)
    session.flush()
    audit.record(
        session,
        actor,
        "inference:result:make",
        result.id,
        f"run ended {run.outcome}",
        run=run.id,
        digest=result.digest,
        left_out=made["left_out"],
    )
    return result


def _report(session: ReadSession, actor: Actor, objects: ObjectStore, run: Run) -> Report:
    images = repository.images_of(session, actor, run)
    if not images:
        fault = Fault("images", "the study has none any more", "Send the study again")
        raise SourceUnusable.because([fault])
    if run.outcome is None or run.finished_at is None:
        raise ValueError("a result is of a finished run")
    succeeded = run.outcome is Outcome.SUCCEEDED
    return Report(
        run_id=run.id,
        product=_product(repository.version_of(session, run)),
        outcome=run.outcome,
        reason=run.reason,
        findings=_findings(repository.findings_of(session, actor, run)) if succeeded else (),
        source=Source.open(objects.path(images[0].digest)),
        images=_images(images),
        finished_at=run.finished_at,
        supersedes=_superseded(session, actor, run),
    )


def _product(version: ModelVersion) -> Product:
    model = version.manifest["model"]
    device = model.get("device", {})
    return Product(
        name=model["name"],
        version=version.version,
        supplier=model["supplier"],
        digest=version.digest,
        udi=device.get("udi_di"),
        qualification=device.get("content_qualification"),
    )


def _findings(found: Sequence[Finding]) -> tuple[ReportedFinding, ...]:
    return tuple(
        ReportedFinding(
            key=finding.key,
            name=finding.name,
            code=finding.code,
            score=finding.score,
            threshold=finding.threshold,
            flagged=finding.flagged,
            sop_instance_uid=finding.sop_instance_uid,
        )
        for finding in found
    )


def _images(instances: Sequence[Instance]) -> tuple[Image, ...]:
    return tuple(
        Image(one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid) for one in instances
    )


def _superseded(session: ReadSession, actor: Actor, run: Run) -> str | None:
    """Return the superseded run, if it has a result that a reader may have seen."""
    before = run.supersedes_run_id
    return before if before and repository.results_of(session, actor, before) else None
