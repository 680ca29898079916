"""A form that was refused is shown again with what was typed."""

import pytest

from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.web.forms import NOTHING, check_lengths, refused

TYPED = {"owner": "DPO", "reason": ""}


def test_what_was_typed_stands_in_the_form_that_was_sent_and_in_no_other() -> None:
    sent = refused("evidence", TYPED, Invalid.because([Fault("reason", "empty", "Say why")]))
    assert sent.value("evidence", "owner", "default") == "DPO"
    assert sent.value("waiver", "owner", "default") == "default"
    assert sent.error("evidence", "reason") == {"text": "Empty. Say why."}
    assert sent.error("waiver", "reason") is None
    assert sent.error("evidence", "owner") is None
    assert NOTHING.value("evidence", "owner", "default") == "default"


def test_a_fault_of_no_field_of_the_form_is_told_at_its_first_one() -> None:
    sent = refused("add", TYPED, Invalid.because([Fault("site", "missing", "Say which")]))
    assert sent.error("add", "owner") == {"text": "Site: missing. Say which."}
    whole = refused("add", TYPED, Invalid("Nothing fits."))
    assert whole.error("add", "owner") == {"text": "Nothing fits. Correct it."}


def test_each_text_that_is_too_long_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        check_lengths({"a": "x" * 11, "b": "x" * 10, "c": "y" * 12}, most=10)
    assert [fault.field for fault in caught.value.faults] == ["a", "c"]
