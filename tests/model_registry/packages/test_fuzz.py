"""Both readers of strangers' files, fed with whatever comes: plain data, or a named refusal."""

import json
import string
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model_registry.packages.arrays import MAX_DIMENSIONS, read_array
from model_registry.packages.document import MAX_NODES, read_yaml
from model_registry.packages.errors import BrokenPackage
from vigil.kernel.errors import Fault

HEADER = "{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"
CASES = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
YAML = st.text("abc019:.-+_ \n[]{},&*!%|>?#'\"=~eExX\t\0é", max_size=120)
TAGS = ("!!bool", "!!int", "!!float", "!!timestamp", "!!map", "!!seq", "!!set", "!!omap", "!x", "!")
NUMBERS = st.text("0123456789.:_+-eExXbonaif", max_size=60)


def npy_of(shape: str, descr: str = "'<f4'", rest: bytes = b"") -> bytes:
    header = HEADER.format(descr=descr, shape=shape).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + rest


def read(reader: Callable[[], Any]) -> tuple[Any, tuple[Fault, ...]]:
    try:
        return reader(), ()
    except BrokenPackage as refused:
        return None, refused.faults


def is_plain_or_refused(data: bytes) -> None:
    value, faults = read(lambda: read_yaml(data, "x.yaml"))
    assert all(fault.field.startswith("x.yaml") and fault.remedy for fault in faults)
    if not faults:
        assert json.loads(json.dumps(value, allow_nan=False)) == value


@CASES
@given(YAML)
@example("a: 1:1:1.5")
@example("a: 1" + ":1" * 5000 + ".0")
@example("a: 0x_")
@example("a: " + "9" * 5000)
@example("? [a]\n: 1")
@example("=: 1")
@example("<<: [1]")
def test_any_text_is_plain_data_or_refused(text: str) -> None:
    is_plain_or_refused(text.encode())


@CASES
@given(st.binary(max_size=60))
def test_any_bytes_are_plain_data_or_refused(data: bytes) -> None:
    is_plain_or_refused(data)
    is_plain_or_refused(b"a: " + data)


@CASES
@given(NUMBERS)
def test_whatever_looks_like_a_number_is_read_or_refused(number: str) -> None:
    is_plain_or_refused(f"a: {number}".encode())


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("value", ["foo", "''", "[1]", "{a: 1}", "2001-99-99", "{=: 1}"])
def test_a_tag_is_refused_whatever_it_stands_before(tag: str, value: str) -> None:
    with pytest.raises(BrokenPackage, match="a tag"):
        read_yaml(f"a: {tag} {value}".encode(), "x.yaml")


def test_a_time_stays_text() -> None:
    assert read_yaml(b"{a: 1:30, b: 1:30.5, c: =}", "x") == {"a": "1:30", "b": "1:30.5", "c": "="}


def test_what_fills_a_document_with_values_is_refused_before_it_is_built() -> None:
    with pytest.raises(BrokenPackage, match=f"more than {MAX_NODES}"):
        read_yaml(b"a: [" + b"x," * MAX_NODES + b"]", "x.yaml")


def test_each_key_is_compared_with_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    class Key(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            nonlocal asked
            asked += 1
            return str.__eq__(self, other) is True

        __hash__ = str.__hash__

    def text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Key:
        return Key(loader.construct_scalar(node))

    monkeypatch.setitem(yaml.SafeLoader.yaml_constructors, "tag:yaml.org,2002:str", text)
    names = [f"{a}{b}" for a in string.ascii_lowercase for b in string.ascii_lowercase]
    assert len(read_yaml("".join(f"{n}k: x\n" for n in names).encode(), "x")) == len(names)
    assert asked < 10 * len(names)


@pytest.mark.parametrize(
    "shape",
    [
        "(0, 1" + "0" * 30 + ")",
        "(0, 4294967296, 4294967296)",
        "(" + "1," * (MAX_DIMENSIONS + 1) + ")",
        "(" + "0," * 70 + ")",
        "(True,)",
        "(" + "-" * 3500 + "1,)",
        "(" * 90 + "1" + ",)" * 90,
        "(-1,)",
        "(" + "9" * 3900 + ",)",
    ],
)
def test_a_shape_that_numpy_cannot_make_is_refused(shape: str) -> None:
    with pytest.raises(BrokenPackage, match=r"x\.npy"):
        read_array(npy_of(shape, rest=b"\0" * 4), "x.npy")


@CASES
@given(
    st.lists(st.integers(-3, 5) | st.integers(), max_size=40).map(lambda one: f"{tuple(one)}")
    | st.text("()0123456789,-+ TrueNoe[]{}:'\"\\j", max_size=80),
    st.sampled_from(["'<f4'", "'|O'", "'<f16'", "('<f4', (2,))", "[('a', '<f4')]", "'|b1'", "None"])
    | st.text(max_size=8).map(repr),
    st.binary(max_size=40),
)
def test_any_npy_header_is_numbers_or_refused(shape: str, descr: str, rest: bytes) -> None:
    data = npy_of(shape, descr.encode("ascii", "ignore").decode(), rest)
    array, faults = read(lambda: read_array(data, "x.npy"))
    assert all(fault.field == "x.npy" and fault.remedy for fault in faults)
    assert faults or (array.dtype.kind in "biuf" and array.nbytes == len(rest))


@CASES
@given(st.binary(max_size=200))
def test_any_bytes_are_an_array_or_refused(data: bytes) -> None:
    for start in (b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00"):
        array, faults = read(partial(read_array, start + data, "x.npy"))
        assert faults or isinstance(array, np.ndarray)
