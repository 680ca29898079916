"""Check a package without a server: every fault with its file, field and remedy, all at once."""

from collections.abc import Callable
from typing import Any

from model_registry.packages.archive import ModelPackage
from model_registry.packages.documents import read_card, read_safety_case
from model_registry.packages.interface import interface_faults
from model_registry.packages.layout import CARD, REFERENCE, SAFETY_CASE, missing
from model_registry.packages.structure import read_structure
from vigil.kernel.errors import Fault, Invalid


def check(package: ModelPackage) -> list[Fault]:
    """Return what is wrong; an empty list is a package that may be submitted."""
    absent = missing(package.files)
    faults = list(absent)
    for look in (manifest_faults, model_faults, document_faults, golden_faults):
        faults += [fault for fault in look(package) if not _about(fault, absent)]
    return list(dict.fromkeys(faults))


def manifest_faults(package: ModelPackage) -> list[Fault]:
    faults = _faults_of(lambda: package.manifest)
    if faults:
        return faults
    reference = package.manifest.monitoring.reference
    if reference and REFERENCE not in package.files:
        return [Fault(REFERENCE, "named by monitoring.reference and missing", "Add it")]
    return []


def model_faults(package: ModelPackage) -> list[Fault]:
    """Check the graph, and where the manifest can be read, that the two fit."""
    try:
        structure = read_structure(package.model)
    except Invalid as error:
        return list(error.faults)
    if _faults_of(lambda: package.manifest):
        return []
    return interface_faults(package.manifest, structure)


def document_faults(package: ModelPackage) -> list[Fault]:
    return [
        *_faults_of(lambda: read_card(package.read(CARD))),
        *_faults_of(lambda: read_safety_case(package.read(SAFETY_CASE))),
    ]


def golden_faults(package: ModelPackage) -> list[Fault]:
    if _faults_of(lambda: package.manifest):
        return []
    return _faults_of(lambda: package.golden)


def _faults_of(read: Callable[[], Any]) -> list[Fault]:
    try:
        read()
    except Invalid as error:
        return list(error.faults)
    return []


def _about(fault: Fault, absent: list[Fault]) -> bool:
    """Whether the fault only says again that a file is missing."""
    return any(fault.field == gone.field for gone in absent)
