"""Close the studies that are complete and plan their runs: one transaction each."""

from inference.runs.planning import plan
from inference.studies import service as studies
from inference.studies.service import Due, Policy
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import logger

ROUTER = system_actor("router")


def close_due(parts: Parts, policy: Policy) -> int:
    """Close and route every study that is complete now; return how many.

    A study that cannot be routed is left open and tried again: it stays visible as receiving, and
    the others are not held up by it.
    """
    with parts.database.read() as session:
        found = studies.due(session, ROUTER, policy)
    return sum(_close(parts, due) for due in found)


def _close(parts: Parts, due: Due) -> bool:
    try:
        with parts.database.write() as session:
            study = studies.close(session, ROUTER, due)
            if study is not None:
                plan(session, ROUTER, parts.queue, study)
            return study is not None
    except Exception as error:  # noqa: BLE001 - one study must not stop the next one
        logger("inference.router").error("study not routed", study=due.study_id, exc_info=error)
        return False
