import stat
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import FakeClock

from vigil.kernel.keys import BadToken, Keys, load_or_create


def test_pseudonyms_are_stable_and_differ_by_purpose_and_installation(keys: Keys) -> None:
    one = keys.pseudonym("surveillance", "NHS 9434765919")

    assert one == keys.pseudonym("surveillance", "NHS 9434765919")
    assert one != keys.pseudonym("canary", "NHS 9434765919")
    assert one != Keys(b"other").pseudonym("surveillance", "NHS 9434765919")
    assert "9434765919" not in one


def test_a_signed_token_opens_for_its_purpose_until_it_expires(
    keys: Keys, clock: FakeClock
) -> None:
    token = keys.sign("read", {"run": "run_1"}, clock() + timedelta(hours=1))

    assert keys.open("read", token, clock()) == {"run": "run_1"}
    with pytest.raises(BadToken, match="another installation"):
        keys.open("other", token, clock())
    with pytest.raises(BadToken, match="expired"):
        keys.open("read", token, clock() + timedelta(hours=2))


@pytest.mark.parametrize("change", ["x", ".", "", "é.é"])
def test_a_changed_token_is_refused(keys: Keys, clock: FakeClock, change: str) -> None:
    token = keys.sign("read", {"run": "run_1"}, clock() + timedelta(hours=1))

    with pytest.raises(BadToken):
        keys.open("read", change + token[1:] if change else "", clock())


def test_the_secret_is_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secret.key"

    made = load_or_create(path)

    assert load_or_create(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_pseudonym_is_another_in_each_epoch_and_purpose() -> None:
    keys = Keys(b"m" * 32)
    made = {
        keys.pseudonym(purpose, "1.2.3", epoch=epoch)
        for purpose in ("surveillance", "canary")
        for epoch in (None, 2025, 2026)
    }
    assert len(made) == 6
    assert keys.pseudonym("surveillance", "1.2.3", epoch=2026) in made
