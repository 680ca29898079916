from typing import Literal

import pytest

from model_registry.packages.device import device_evidence, device_faults, issuer_of
from model_registry.packages.manifest import Device

# The second is of HIBCC's own guide (ANSI/HIBC 2.6), the last of ICCBBA's (ST-011).
GTIN, HIBC, ISBT = "09506000134352", "+A123BJC5D6E71G", "=/A9999XYZ100T0944"


def device(
    udi_di: str | None = None,
    class_uk: str | None = None,
    qualification: Literal["PRODUCT", "RESEARCH", "SERVICE"] = "PRODUCT",
) -> Device:
    return Device(udi_di=udi_di, class_uk=class_uk, content_qualification=qualification)


@pytest.mark.parametrize(("udi_di", "issuer"), [(GTIN, "GS1"), (HIBC, "HIBCC"), (ISBT, "ICCBBA")])
def test_each_agencys_form_is_known(udi_di: str, issuer: str) -> None:
    assert issuer_of(udi_di) == issuer
    assert device_faults(device(udi_di, "IIa")) == []
    assert issuer in device_evidence(device(udi_di, "IIa"))


@pytest.mark.parametrize(
    "udi_di",
    [
        "",
        "09506000134353",
        "9506000134352",
        "+A123BJC5D6E71H",
        "+a123bjc5d6e71g",
        "=/A9999XYZ100T094",
        "٠٩٥٠٦٠٠٠١٣٤٣٥٢",
        f"{GTIN}\n",
        "n/a",
    ],
)
def test_a_wrong_form_or_check_character_is_refused_of_anybody(udi_di: str) -> None:
    for qualification in ("PRODUCT", "RESEARCH"):
        faults = device_faults(device(udi_di, "IIa", qualification))
        assert [fault.field for fault in faults] == ["manifest.yaml:model.device.udi_di"]


def test_a_single_wrong_digit_is_always_found() -> None:
    for known in (GTIN, HIBC):
        for place, letter in enumerate(known):
            if letter.isdigit():
                wrong = known[:place] + str((int(letter) + 1) % 10) + known[place + 1 :]
                assert issuer_of(wrong) is None, wrong


def test_a_product_needs_both_and_a_class_of_the_uk() -> None:
    fields = [fault.field.rpartition(".")[2] for fault in device_faults(device())]
    assert fields == ["udi_di", "class_uk"]
    for wrong in ("2a", "IIA", "Class IIa", "A"):
        (fault,) = device_faults(device(GTIN, wrong))
        assert "UK MDR 2002" in fault.remedy


def test_research_needs_neither_and_is_told_what_for() -> None:
    for qualification in ("RESEARCH", "SERVICE"):
        found = device(qualification=qualification)
        assert device_faults(found) == []
        assert "shadow" in device_evidence(found)
