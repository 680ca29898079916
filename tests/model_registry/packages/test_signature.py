"""A signature holds for exactly the files that were signed, and says which one differs."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from factories.packages import CARD, SIGNING_KEY, package, yaml_bytes

from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.signature import (
    key_id_of,
    load_private_key,
    load_public_key,
    new_private_key,
    public_bytes,
    public_pem,
    read_public_key,
    save_private_key,
    sign,
    signature_of,
    verify,
)

KEY = public_bytes(SIGNING_KEY)


def signed() -> ModelPackage:
    return sign(package(), SIGNING_KEY)


def with_file(name: str, data: bytes | None) -> ModelPackage:
    files = {**signed().files, name: data}
    return ModelPackage({k: v for k, v in files.items() if v is not None})


def rewritten(change: Callable[[dict[str, Any]], Any]) -> ModelPackage:
    facts = json.loads(signed().files["signature.json"])
    change(facts)
    return with_file("signature.json", json.dumps(facts).encode())


def faults_of(broken: ModelPackage, key: bytes = KEY) -> dict[str, str]:
    with pytest.raises(BrokenPackage) as refused:
        verify(broken, key)
    assert all(fault.remedy for fault in refused.value.faults)
    return {fault.field: fault.problem for fault in refused.value.faults}


def test_a_signed_package_is_in_order_and_verifies() -> None:
    verify(signed(), KEY)
    assert checks.check(signed()) == []


def test_the_signature_survives_the_archive() -> None:
    verify(ModelPackage.from_zip(build(signed())), KEY)


def test_the_same_files_and_key_build_the_same_archive() -> None:
    assert build(signed()) == build(sign(signed(), SIGNING_KEY))


def test_a_package_that_is_not_signed_says_so() -> None:
    assert signature_of(package()) is None
    assert faults_of(package()) == {"signature.json": "missing: the package is not signed"}


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("card.yaml", yaml_bytes({**CARD, "intended_use": "Else"}), "changed after"),
        ("README.md", b"# new", "added after"),
        ("golden/image.npy", None, "missing, and it was signed"),
    ],
)
def test_a_file_changed_added_or_missing_is_named(
    name: str, data: bytes | None, problem: str
) -> None:
    faults = faults_of(with_file(name, data))
    assert list(faults) == [name]
    assert problem in faults[name]


def test_a_change_after_signing_is_named_by_check_without_a_key() -> None:
    faults = checks.check(with_file("README.md", b"# new"))
    assert [fault.field for fault in faults] == ["README.md"]


def test_another_key_is_named() -> None:
    other = public_bytes(new_private_key())
    problem = faults_of(signed(), other)["signature.json:key_id"]
    assert problem == f"made with the key {key_id_of(KEY)}, not with {key_id_of(other)}"


def test_a_key_id_that_was_changed_does_not_make_it_another_keys() -> None:
    other = public_bytes(new_private_key())
    claimed = rewritten(lambda facts: facts.update(key_id=key_id_of(other)))
    assert "signature.json:signature" in faults_of(claimed, other)
    assert "signature.json:key_id" in faults_of(claimed, KEY)


def test_a_list_that_was_changed_with_its_file_is_refused() -> None:
    other = yaml_bytes({**CARD, "intended_use": "Else"})
    name = "card.yaml"
    forged = sign(ModelPackage({**package().files, name: other}), new_private_key())
    facts = json.loads(forged.files["signature.json"])
    facts |= {
        key: json.loads(signed().files["signature.json"])[key] for key in ("key_id", "signature")
    }
    files = {**forged.files, "signature.json": json.dumps(facts).encode()}
    assert list(faults_of(ModelPackage(files))) == ["signature.json:signature"]


def stretched(text: str) -> str:
    """Another spelling of the same bytes: the last digit before `==` has four spare bits."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spelling = text[:-3] + digits[digits.index(text[-3]) + 1] + "=="
    assert base64.b64decode(spelling) == base64.b64decode(text)
    return spelling


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda f: f["files"].reverse(), "files"),
        (lambda f: f["files"].append(f["files"][-1]), "files"),
        (lambda f: f["files"][0].update(size="12"), "files.0.size"),
        (lambda f: f["files"][0].update(name="signature.json"), "files.0.name"),
        (lambda f: f["files"][0].update(name="../secret"), "files.0.name"),
        (lambda f: f.update(files=[]), "files"),
        (lambda f: f.update(algorithm="none"), "algorithm"),
        (lambda f: f.update(schema="vigil/signature/v2"), "schema"),
        (lambda f: f.update(signature=stretched(f["signature"])), "signature"),
        (lambda f: f.update(signature=f["signature"] + "\n"), "signature"),
        (lambda f: f.update(signature=""), "signature"),
        (lambda f: f.update(note="hello"), "note"),
        (lambda f: f.pop("key_id"), "key_id"),
    ],
)
def test_a_signature_that_is_not_as_it_must_be_is_refused_by_field(
    change: Callable[[dict[str, Any]], Any], field: str
) -> None:
    assert list(faults_of(rewritten(change))) == [f"signature.json:{field}"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 100_000,
        b'{"schema": "vigil/signature/v1", "schema": "vigil/signature/v1"}',
        b" " * 200_000,
        b"null",
    ],
)
def test_what_is_no_plain_json_is_refused_without_a_traceback(data: bytes) -> None:
    assert all(name.startswith("signature.json") for name in faults_of(_only(data)))


def _only(data: bytes) -> ModelPackage:
    return with_file("signature.json", data)


def test_a_private_key_is_kept_from_others_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key"
    save_private_key(SIGNING_KEY, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_private_key(path)) == KEY
    with pytest.raises(BrokenPackage, match="there is a file already"):
        save_private_key(new_private_key(), path)


def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    save_private_key(SIGNING_KEY, path)
    path.chmod(0o644)
    with pytest.raises(BrokenPackage, match="others can read this key"):
        load_private_key(path)


def test_a_file_that_is_no_private_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"hello")
    path.chmod(0o600)
    with pytest.raises(BrokenPackage, match="no private key"):
        load_private_key(path)


def test_a_public_key_is_read_from_pem_and_from_digits(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_bytes(public_pem(KEY))
    assert load_public_key(path) == read_public_key(KEY.hex()) == KEY


@pytest.mark.parametrize("text", ["", "hello", "ab" * 31, "zz" * 32])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(BrokenPackage, match="not an Ed25519 public key"):
        read_public_key(text)


@pytest.mark.parametrize(
    "digits",
    [
        "00" * 32,
        "01" + "00" * 31,
        "00" * 31 + "80",
        "ec" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ],
)
def test_a_key_under_which_any_text_could_be_signed_is_refused(digits: str) -> None:
    with pytest.raises(BrokenPackage, match="any text could be signed"):
        read_public_key(digits)
