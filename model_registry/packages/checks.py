"""Check a package without a server: every fault with its file, field and remedy, all at once."""

from collections.abc import Callable
from typing import Any

from model_registry.packages.archive import ModelPackage
from model_registry.packages.interface import interface_faults
from model_registry.packages.layout import CHANGE_PLAN, REFERENCE, missing
from model_registry.packages.monitoring import faults_of
from model_registry.packages.plan_document import check_plan
from model_registry.packages.signature import list_faults, signature_of
from vigil.kernel.errors import Fault, Invalid


def check(package: ModelPackage) -> list[Fault]:
    """Return what is wrong; an empty list is a package that may be submitted."""
    absent = missing(package.files)
    faults = list(absent)
    for look in (manifest_faults, model_faults, document_faults, golden_faults, signature_faults):
        faults += [fault for fault in look(package) if not _about(fault, absent)]
    return list(dict.fromkeys(faults))


def manifest_faults(package: ModelPackage) -> list[Fault]:
    faults = _faults_of(lambda: package.manifest)
    if faults:
        return faults
    monitoring = package.manifest.monitoring
    faults = faults_of(monitoring.streams)
    if monitoring.reference and REFERENCE not in package.files:
        faults.append(Fault(REFERENCE, "named by monitoring.reference and missing", "Add it"))
    return faults


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
    return [
        *_faults_of(lambda: package.card),
        *_faults_of(lambda: package.safety_case),
        *plan_faults(package),
    ]


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
