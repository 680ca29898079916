"""Whether `model.device` identifies the medical device that a model claims to be.

A PRODUCT (DICOM (0018,9004), PS3.3 C.8.13.2.1) is placed on the market: it has a UDI-DI of one of
the issuing agencies and a class under the UK Medical Devices Regulations 2002. The check is of the
form; that the identifier is registered is for people to look up. Reasons: docs/adr/0013.
"""

import re
from typing import Final

from model_registry.packages.layout import MANIFEST
from model_registry.packages.manifest import Device
from vigil.kernel.errors import Fault

FIELD: Final = f"{MANIFEST}:model.device"
CLASSES: Final = ("I", "IIa", "IIb", "III", "IVD A", "IVD B", "IVD C", "IVD D")
# The order of HIBC's characters is their value (ANSI/HIBC 2.6, appendix B).
_HIBC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_HIBC_DI: Final = re.compile(r"\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]([0-9A-Z\-. $/+%])")
_ICCBBA: Final = re.compile(r"=/[A-Z0-9]{5}[A-Z0-9]{6}[A-Z][0-9]{4}")
_GTIN: Final = re.compile(r"[0-9]{14}")
_TRIPLE = 3


def device_faults(device: Device) -> list[Fault]:
    """Return what a product's identification lacks; what is given must be right in any case."""
    faults = []
    is_product = device.content_qualification == "PRODUCT"
    if device.udi_di is not None and issuer_of(device.udi_di) is None:
        problem = "no UDI-DI of GS1, HIBCC or ICCBBA: its form or its check character is wrong"
        remedy = "Copy it from the registration: GTIN-14, +… or =/…"
        faults.append(Fault(f"{FIELD}.udi_di", problem, remedy))
    if device.udi_di is None and is_product:
        remedy = "Give it, or qualify the model as RESEARCH"
        faults.append(Fault(f"{FIELD}.udi_di", "missing, and the model is a PRODUCT", remedy))
    if (device.class_uk is not None or is_product) and device.class_uk not in CLASSES:
        problem = "missing, and the model is a PRODUCT" if device.class_uk is None else "no class"
        remedy = f"Write one of {', '.join(CLASSES)} (UK MDR 2002)"
        faults.append(Fault(f"{FIELD}.class_uk", problem, remedy))
    return faults


def device_evidence(device: Device) -> str:
    """Say what the qualification lets the version be used for."""
    if device.content_qualification == "PRODUCT":
        issuer = issuer_of(device.udi_di or "")
        return f"PRODUCT, class {device.class_uk}, UDI-DI {device.udi_di} in the form of {issuer}"
    return (
        f"{device.content_qualification}: not placed on the market, so no UDI-DI and no class are "
        "asked. It may run in shadow; who lets it serve patients answers for that in the site's "
        "acceptance"
    )


def issuer_of(udi_di: str) -> str | None:
    """Return the agency whose form the identifier has, its check character right; else None."""
    if _GTIN.fullmatch(udi_di):
        return "GS1" if _gtin_holds(udi_di) else None
    if _HIBC_DI.fullmatch(udi_di):
        total = sum(_HIBC.index(letter) for letter in udi_di[:-1])
        return "HIBCC" if _HIBC[total % len(_HIBC)] == udi_di[-1] else None
    return "ICCBBA" if _ICCBBA.fullmatch(udi_di) else None


def _gtin_holds(digits: str) -> bool:
    """GS1 General Specifications 7.9: from the left, of 14, every other digit counts thrice."""
    weighted = [int(d) * (1 if place % 2 else _TRIPLE) for place, d in enumerate(digits)]
    return sum(weighted) % 10 == 0
