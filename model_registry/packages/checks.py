"""Check a package without a server: every fault with its file, field and remedy, all at once."""

from collections.abc import Callable
from typing import Any

from model_registry.packages.archive import ModelPackage
from model_registry.packages.completeness import card_faults, risk_faults
from model_registry.packages.device import device_faults
from model_registry.packages.interface import golden_shape_faults, interface_faults
from model_registry.packages.layout import CHANGE_PLAN, MANIFEST, REFERENCE, missing
from model_registry.packages.licence import licence_faults
from model_registry.packages.monitoring import cross_faults, faults_of
from model_registry.packages.plan_document import check_plan
from model_registry.packages.signature import list_faults, signature_of
from vigil.kernel.cel import truth_faults
from vigil.kernel.errors import Fault, Invalid

_PARQUET = b"PAR1"
# The mark at both ends, and the length of the footer.
_AROUND = 12


def check(package: ModelPackage) -> list[Fault]:
    """Return what is wrong; an empty list is a package that may be submitted.

    Admission asks the same functions, check by check, and then runs the model.
    """
    absent = missing(package.files)
    faults = list(absent)
    for look in (
        manifest_faults,
        licence_faults_of,
        device_faults_of,
        model_faults,
        document_faults,
        golden_faults,
        golden_fit_faults,
        signature_faults,
    ):
        faults += [fault for fault in look(package) if not _about(fault, absent)]
    return list(dict.fromkeys(faults))


def manifest_faults(package: ModelPackage) -> list[Fault]:
    faults = _faults_of(lambda: package.manifest)
    if faults:
        return faults
    manifest = package.manifest
    faults = faults_of(manifest.monitoring.streams)
    faults += cross_faults(manifest.monitoring.crosses, f"{MANIFEST}:monitoring.crosses")
    for name, source in (("select", manifest.input.select), ("guard", manifest.input.guard)):
        faults += truth_faults(source, f"{MANIFEST}:input.{name}") if source else []
    return faults + reference_faults(package)


def reference_faults(package: ModelPackage) -> list[Fault]:
    """Check that the reference is there where it is named, and is what its name says."""
    data = package.files.get(REFERENCE)
    if data is None:
        is_named = package.manifest.monitoring.reference is not None
        named = Fault(REFERENCE, "named by monitoring.reference and missing", "Add it")
        return [named] if is_named else []
    # Its contents are read in a process of their own, when somebody sets it as the reference.
    footer = int.from_bytes(data[-8:-4], "little")
    is_parquet = data[:4] == data[-4:] == _PARQUET and 0 < footer <= len(data) - _AROUND
    return [] if is_parquet else [Fault(REFERENCE, "not a Parquet file", "Write it as Parquet")]


def licence_faults_of(package: ModelPackage) -> list[Fault]:
    if _faults_of(lambda: package.manifest):
        return []
    return licence_faults(package.manifest.model.licence, package.files)


def device_faults_of(package: ModelPackage) -> list[Fault]:
    if _faults_of(lambda: package.manifest):
        return []
    return device_faults(package.manifest.model.device)


def model_faults(package: ModelPackage) -> list[Fault]:
    """Check the graph, and where the manifest can be read, that the two fit."""
    try:
        structure = package.structure
    except Invalid as error:
        return list(error.faults)
    if _faults_of(lambda: package.manifest):
        return []
    return interface_faults(package.manifest, structure)


def document_faults(package: ModelPackage) -> list[Fault]:
    """Check that they can be read, and hold them against DCB0129 and the manifest."""
    card, case = _faults_of(lambda: package.card), _faults_of(lambda: package.safety_case)
    faults = [*card, *case, *plan_faults(package)]
    if not case:
        faults += risk_faults(package)
    if not card and not _faults_of(lambda: package.manifest):
        faults += card_faults(package)
    return faults


def plan_faults(package: ModelPackage) -> list[Fault]:
    """Check the change plan, where there is one: it speaks of the manifest's findings."""
    if CHANGE_PLAN not in package.files or _faults_of(lambda: package.manifest):
        return []
    return _faults_of(lambda: check_plan(package.read(CHANGE_PLAN), package.manifest))


def golden_faults(package: ModelPackage) -> list[Fault]:
    if _faults_of(lambda: package.manifest):
        # What the cases say can be read without it; whether it fits cannot.
        return _faults_of(lambda: package.cases)
    return _faults_of(lambda: package.golden)


def golden_fit_faults(package: ModelPackage) -> list[Fault]:
    """Hold the golden inputs and outputs against the graph, where both can be read."""
    if _faults_of(lambda: package.structure) or golden_faults(package):
        return []
    if _faults_of(lambda: package.manifest):
        return []
    return golden_shape_faults(package.golden, package.manifest, package.structure)


def signature_faults(package: ModelPackage) -> list[Fault]:
    """Check that what is signed is what is here; whose signature it is needs their key."""
    try:
        found = signature_of(package)
    except Invalid as error:
        return list(error.faults)
    return list_faults(package, found) if found else []


def _faults_of(read: Callable[[], Any]) -> list[Fault]:
    try:
        read()
    except Invalid as error:
        return list(error.faults)
    return []


def _about(fault: Fault, absent: list[Fault]) -> bool:
    """Whether the fault only says again that a file is missing."""
    return any(fault.field == gone.field for gone in absent)
