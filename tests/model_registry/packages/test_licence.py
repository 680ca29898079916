import pytest

from model_registry.packages.licence import licence_faults

TEXT = {"LICENCE": b"You may."}


@pytest.mark.parametrize(
    "expression",
    [
        "MIT",
        "Apache-2.0",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "MIT OR (Apache-2.0 AND BSD-3-Clause)",
        "CC-BY-NC-SA-4.0",
    ],
)
def test_a_known_expression_needs_no_text(expression: str) -> None:
    assert licence_faults(expression, {}) == []


@pytest.mark.parametrize("expression", ["proprietary", "LicenseRef-ACME-1", "MIT AND LicenseRef-x"])
def test_terms_of_ones_own_need_their_text(expression: str) -> None:
    assert licence_faults(expression, TEXT) == []
    for files in ({}, {"LICENCE": b" \n"}):
        (fault,) = licence_faults(expression, files)
        assert (fault.field, fault.remedy[:11]) == ("LICENCE", "Put its tex")


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "Apache 2",
        "free for research",
        "MIT OR",
        "(MIT",
        "MIT)",
        "MIT MIT",
        "AND MIT",
        "MIT WITH love",
        "LicenseRef-",
        "proprietary OR MIT",
        "(" * 90 + "MIT" + ")" * 90,
        "$(touch x)",
    ],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    (fault,) = licence_faults(expression, TEXT)
    assert fault.field == "manifest.yaml:model.licence"
    assert "SPDX" in fault.remedy
