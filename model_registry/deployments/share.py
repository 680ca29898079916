"""The patients of a canary: a stable share, so that a patient's studies are treated alike."""

from model_registry.deployments.models import Deployment
from vigil.kernel.keys import Keys

PERCENT = 100


def in_canary(keys: Keys, patient_pseudonym: str, deployment: Deployment) -> bool:
    """Whether this patient is in the share; who is in at 5 % stays in at 20 %.

    The bucket is keyed by the deployment, so that the next canary falls on other patients.
    """
    digits = keys.pseudonym(f"canary:{deployment.id}", patient_pseudonym)
    return int(digits, 16) % PERCENT < deployment.share
