"""Labels and groups: of a site, for its own people and the network's."""

from factories.tenancy.claims import Claims, Write
from factories.whole import Network, Party

from surveillance.records import reading
from surveillance.records import service as records
from surveillance.truth import service
from surveillance.truth.lines import Line
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts

_UID = "1.2.826.0.1.9"
_WHY = {"site": "{site}", "source": "registry", "reason": "because"}
_LABEL = {"study_instance_uid": _UID, "finding": "pneumonia", "present": True}
_LABELS = f"study_instance_uid,finding,present\n{_UID},pneumonia,1\n".encode()
_GROUPS = f"study_instance_uid,setting\n{_UID},gp\n".encode()


def seed(parts: Parts, network: Network, party: Party) -> dict[str, str]:
    """Record the party's own run, and tell of its study what was so and whose it was."""
    site_id, officer = party.site.id, network.officer
    with parts.database.write() as session:
        facts = reading.of_run(session, system_actor("test"), party.done.run.id)
        assert facts is not None
        records.record_run(session, parts.keys, facts)
        study = {"study_instance_uid": str(facts.study_instance_uid)}
        told = {"site_id": site_id, "source": "registry", "reason": "audit"}
        label = Line(1, study | {"finding": facts.findings[0].key, "present": "1"})
        taken = service.add_labels(session, officer, parts.keys, lines=[label], **told)
        group = Line(1, study | {"setting": "gp", "ethnicity": "A"})
        service.add_groups(session, officer, parts.keys, lines=[group], **told)
        assert taken.batch.verdicts == {"accepted": 1}, taken.batch.verdicts
    return {"batch_id": taken.batch.id}


CLAIMS = Claims(
    lists={"GET /api/v1/surveillance/truths": ""},
    site_things=frozenset({"GET /api/v1/surveillance/truths/{batch_id}"}),
    writes={
        "POST /api/v1/surveillance/truths": [Write({**_WHY, "labels": [_LABEL]})],
        "POST /api/v1/surveillance/truths/table": [Write(_WHY, document=True, content=_LABELS)],
        "POST /api/v1/surveillance/groups": [
            Write({**_WHY, "groups": [{"study_instance_uid": _UID, "setting": "gp"}]})
        ],
        "POST /api/v1/surveillance/groups/table": [Write(_WHY, document=True, content=_GROUPS)],
        "POST /api/v1/surveillance/references/from-package": [
            Write({"version_id": "{version_id}", "reason": "because"})
        ],
    },
    seed=seed,
)
