"""The configuration that a site accepts, as one digest: change a part of it and it is another one.

It covers what decides a result: the version, its preprocessing and the thresholds at this site. The
canary share is left out: how many patients are included changes no result.
"""

import json
import math
from collections.abc import Iterable

from model_registry.packages.manifest import Manifest
from model_registry.safety.errors import BadThresholds
from model_registry.versions.models import ModelVersion
from vigil.kernel.errors import Fault
from vigil.kernel.objects import sha256

_PROBABILITIES = frozenset({"probabilities", "segmentation"})


def effective_thresholds(version: ModelVersion, overrides: dict[str, float]) -> dict[str, float]:
    """Return every finding's threshold: the site's own where it has one, else the supplier's."""
    manifest = Manifest.model_validate(version.manifest)
    return {finding.key: finding.threshold for finding in manifest.findings} | overrides


def configuration_digest(version: ModelVersion, overrides: dict[str, float]) -> str:
    """Return the digest of this version with these thresholds.

    Naming the supplier's own threshold gives the same digest as leaving it out.
    """
    parts = {
        "version": version.digest,
        "preprocessing": version.preprocessing_digest,
        "thresholds": {
            key: float(value) for key, value in effective_thresholds(version, overrides).items()
        },
    }
    return sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode())


def check_thresholds(version: ModelVersion, overrides: dict[str, float]) -> None:
    """Go on only if each override belongs to a finding of the model and is in its range.

    Raises:
        BadThresholds: one does not; every such one is named.
    """
    manifest = Manifest.model_validate(version.manifest)
    kinds = {finding.key: output.kind for output in manifest.output for finding in output.findings}
    faults = []
    for key, value in overrides.items():
        if key not in kinds:
            remedy = f"Use one of {', '.join(sorted(kinds)) or 'none: the model has no findings'}"
            faults.append(Fault(f"thresholds.{key}", "not a finding of the model", remedy))
        elif not math.isfinite(value) or (kinds[key] in _PROBABILITIES and not 0 < value < 1):
            remedy = "Give a probability between 0 and 1, or a finite number for a measurement"
            faults.append(Fault(f"thresholds.{key}", "out of range", remedy))
    if faults:
        raise BadThresholds.because(faults)


def thresholds_of(pairs: Iterable[str]) -> dict[str, float]:
    """Read `FINDING=VALUE` pairs.

    Raises:
        BadThresholds: one is not such a pair.
    """
    thresholds = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            thresholds[key] = float(value)
        except ValueError:
            fault = Fault("threshold", f"{pair!r} is no pair", "Write it as FINDING=0.5")
            raise BadThresholds.because([fault]) from None
    return thresholds
