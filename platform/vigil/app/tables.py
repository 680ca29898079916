"""Every table, so that one metadata knows them all. `migrations/env.py` imports this and no more."""

from inference.node import models as association
from inference.studies import models as studies
from model_registry.admission import models as admission
from model_registry.versions import models as versions
from vigil.kernel.audit import models as audit
from vigil.kernel.db import Table
from vigil.kernel.identity import models as identity

__all__ = [
    "admission",
    "association",
    "audit",
    "identity",
    "metadata",
    "studies",
    "versions",
]

metadata = Table.metadata
