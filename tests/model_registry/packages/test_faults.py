"""Every field of every document, broken in every simple way: a fault with its place, or none."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from factories import packages
from factories.packages import package_files

from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.manifest import _READ_ON
from vigil.kernel.errors import Fault

FULL_CARD: dict[str, Any] = {
    **packages.CARD,
    "users": ["Radiologists"],
    "oversight": {"human_review": "Every study is read"},
    "regulatory": {"is_device": False, "content_qualification": "RESEARCH"},
    "use": {"population": {"age_min": 18}, "workflow_position": "second_reader"},
    "development": {"data": [{"name": "Internal", "n_patients": 10}]},
    "evaluation": [
        {
            "dataset": "Internal",
            "kind": "internal",
            "independent": False,
            "prevalence": 0.2,
            "metrics": [
                {"name": "sensitivity", "value": 0.9, "ci_low": 0.8, "ci_high": 0.95, "n": 100},
                {"name": "AUROC", "value": 0.9, "axis": "sex", "level": "F", "diff_ci": [-0.1, 0]},
            ],
        }
    ],
}
CASES = {
    "cases": [
        {
            "name": "ramp",
            "input": {"image": "image.npy"},
            "expected": {"scores": [[0.1, 0.2, 0.3]]},
            "tolerance": 1e-5,
        }
    ]
}
DOCUMENTS: dict[str, tuple[Any, Callable[[ModelPackage], list[Fault]]]] = {
    "manifest.yaml": (packages.manifest(), checks.manifest_faults),
    "card.yaml": (FULL_CARD, checks.document_faults),
    "safety_case.yaml": (packages.SAFETY_CASE, checks.document_faults),
    "golden/cases.yaml": (CASES, checks.golden_faults),
}
FILES = package_files()
WRONG: tuple[Any, ...] = (
    *(None, True, -1, 10**30, 1.5),
    *("", "x" * 11_000, "…", "ü\u200b"),
    *([], [[]], {}, {"a": {"b": []}}, [None]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    named = value.items() if isinstance(value, dict) else ()
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, one in (*named, *listed):
        yield from places(one, (*path, key))


def changed(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    copied = copy.deepcopy({"whole": value})
    holder: Any = copied
    *way, last = ("whole", *path)
    for part in way:
        holder = holder[part]
    change(holder, last)
    return copied.get("whole")


def put(value: Any) -> Callable[[Any, Any], None]:
    return lambda holder, key: holder.__setitem__(key, value)


def add(holder: Any, _key: Any) -> None:
    holder["surplus"] = 1


def look(file: str, value: Any) -> list[Fault]:
    # JSON is YAML, and quicker to write.
    return DOCUMENTS[file][1](ModelPackage({**FILES, file: json.dumps(value).encode()}))


def well_said(faults: list[Fault], file: str) -> bool:
    return all(
        fault.field.split(":")[0].rstrip(":") == file
        and fault.problem
        and fault.remedy
        and fault.remedy != _READ_ON
        and len(str(fault)) < 2000
        for fault in faults
    )


@pytest.mark.parametrize("file", DOCUMENTS)
def test_the_documents_are_in_order_before_they_are_broken(file: str) -> None:
    assert look(file, DOCUMENTS[file][0]) == []


@pytest.mark.parametrize("file", DOCUMENTS)
def test_a_wrong_value_anywhere_is_named(file: str) -> None:
    for path in places(DOCUMENTS[file][0]):
        for wrong in WRONG:
            value = changed(DOCUMENTS[file][0], path, put(wrong))
            faults = look(file, value)
            assert well_said(faults, file), (path, wrong, faults)


@pytest.mark.parametrize("file", DOCUMENTS)
def test_a_number_or_list_or_mapping_of_the_wrong_kind_is_never_taken(file: str) -> None:
    for path in places(DOCUMENTS[file][0]):
        old = DOCUMENTS[file][0]
        for part in path:
            old = old[part]
        wrong: Any = {"a": {"b": []}} if isinstance(old, (str, int, float, list)) else "words"
        has_short_form = path[-1:] == ("oversight",) or path[-2:-1] == ("controls",)
        if old is None or has_short_form or path[2:3] == ("input",):
            continue
        value = changed(DOCUMENTS[file][0], path, put(wrong))
        faults = look(file, value)
        assert faults, (path, wrong)
        assert well_said(faults, file), (path, faults)


@pytest.mark.parametrize("file", DOCUMENTS)
def test_what_is_missing_or_added_anywhere_is_named(file: str) -> None:
    for path in places(DOCUMENTS[file][0]):
        if not path:
            continue
        faults = look(file, changed(DOCUMENTS[file][0], path, lambda h, k: h.pop(k)))
        assert well_said(faults, file), (path, faults)
        if isinstance(path[-1], str):
            faults = look(file, changed(DOCUMENTS[file][0], path, add))
            assert well_said(faults, file), (path, faults)
            is_open = file in {"card.yaml", "safety_case.yaml"} or "expected" in path
            assert faults or is_open or {"tolerances", "input"} & set(path), path


@pytest.mark.parametrize("file", DOCUMENTS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"- a\n- b",
        b"a: &x 1\nb: *x",
        b"a: !!python/object:os.system {}",
        b"a: !!binary aGk=",
        b"a: !!timestamp 2020-01-01",
        b"a: !!set {b}",
        b"a: .nan",
        b"a: 1" + b"0" * 400,
        b"a: 1\na: 2",
        b"1: 2",
        b"? [a]\n: b",
        b"{" * 5000,
        b"a: 0o777777777777777777777777777777",
        b"a: 190:20:30:59:59:59:59:59:59:59:59:59:59",
        b"a: 'open",
        b"\x00",
        "a: \ud800".encode("utf-8", "surrogatepass"),
        b"a: |\n" + b"x" * 200_000,
    ],
)
def test_what_is_no_plain_yaml_is_refused_without_a_traceback(file: str, data: bytes) -> None:
    faults = DOCUMENTS[file][1](ModelPackage({**FILES, file: data}))
    assert faults
    assert well_said(faults, file), faults
