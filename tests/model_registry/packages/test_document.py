"""YAML of strangers: plain data or a refusal."""

import pytest

from model_registry.packages.document import MAX_BYTES, read_yaml
from model_registry.packages.errors import BrokenPackage


def test_a_date_stays_text() -> None:
    assert read_yaml(b"day: 2026-11-21", "x.yaml") == {"day": "2026-11-21"}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a: 1\na: 2", "occurs twice"),
        (b"a: &x [1]\nb: *x", "alias"),
        (b"a: !!python/object/apply:os.system ['true']", "a tag"),
        (b"a: " + b"[" * 40 + b"]" * 40, "nested"),
        (b"1: a", "no text"),
        (b"- a", "not a mapping"),
        (b"a: [", "line"),
        (b"\xff\xfe\x00", ""),
        (b"a: " + b"x" * MAX_BYTES, "larger"),
        (b'a: "x\\0y"', "a: it holds control characters"),
        (b'a: "\\uD800"', "a: it holds control characters"),
        (b"a: [.nan]", "a.0: not a finite number"),
        ("a: {b: [1, …]}".encode(), "a.b.1: not filled in"),
    ],
)
def test_what_is_not_plain_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(BrokenPackage) as caught:
        read_yaml(data, "x.yaml")
    assert problem in str(caught.value)
    assert caught.value.file == "x.yaml"


def test_a_short_number_is_a_number() -> None:
    assert read_yaml(b"{a: 1e-5, b: 1.0e-5, c: -2E3, d: 0x1e}", "x") == {
        "a": 1e-5,
        "b": 1e-5,
        "c": -2000.0,
        "d": 30,
    }
