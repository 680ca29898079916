"""A package is admitted only where its process is kept in, or where a setting allows otherwise."""

import sys
from pathlib import Path

import pytest
from factories.keys import trust_signing_key
from factories.packages import IMAGE, package, scores_of
from factories.versions import create_version

from inference.runtime import cage, isolation
from inference.runtime.errors import NotIsolated
from inference.runtime.golden import PackageRunner
from inference.runtime.settings import RuntimeSettings
from model_registry.admission import service as admission
from model_registry.keys.service import known_keys
from vigil.app.doctor import examine
from vigil.kernel.db import Database
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

STRICT = RuntimeSettings(runtime_without_isolation=False)
ALLOWED = RuntimeSettings(runtime_without_isolation=True)
# As the cage is where the kernel refuses: its network is kept, and there is no Landlock.
OPEN = """
import importlib, sys
sys.path.append(sys.argv[1])
importlib.import_module("model_registry.packages.landlock").confine = lambda folder: False
name = sys.argv[2] if len(sys.argv) > 2 else "child"
importlib.import_module(f"inference.runtime.{name}").main(False)
"""


@pytest.fixture
def refusing_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = tmp_path / "open.py"
    start.write_text(OPEN)
    monkeypatch.setattr(cage, "__file__", str(start))


@pytest.mark.usefixtures("refusing_kernel")
def test_where_the_kernel_refuses_a_package_is_not_even_loaded() -> None:
    with pytest.raises(NotIsolated) as caught:
        PackageRunner(STRICT).load(package(model_onnx=b"never looked at"))
    assert "network, files" in caught.value.detail
    assert f"{isolation.SETTING}=true" in caught.value.detail


@pytest.mark.usefixtures("refusing_kernel")
def test_where_a_setting_allows_it_the_package_runs_and_says_so() -> None:
    loaded = PackageRunner(ALLOWED).load(package())
    try:
        facts = loaded.loading.facts
        outputs = loaded.run({"image": IMAGE}).outputs
    finally:
        loaded.close()
    assert (facts["network"], facts["files"]) == ("not isolated", "not confined")
    assert outputs["scores"] == pytest.approx(scores_of(IMAGE), abs=1e-5)


@pytest.mark.skipif(bool(isolation.refused_here()), reason="this kernel grants no isolation")
def test_where_the_kernel_grants_it_the_package_is_kept_in() -> None:
    loaded = PackageRunner(STRICT).load(package())
    loaded.close()
    facts = loaded.loading.facts
    assert (facts["network"], facts["files"]) == ("isolated", "confined")


@pytest.mark.usefixtures("refusing_kernel")
def test_admission_says_that_the_installation_is_at_fault_and_what_to_do(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        version = create_version(session, objects)
        trust_signing_key(session, "ACME")
        keys = known_keys(session, version.organisation_id)
    found = admission.examine(
        digest=version.digest, runner=PackageRunner(STRICT), objects=objects, keys=keys
    )
    verdicts = {verdict.name: verdict for verdict in found}
    assert all(verdicts[name].passed for name in ("structure", "interface", "signature"))
    assert not verdicts["loading"].passed
    assert "The package is not at fault" in verdicts["loading"].evidence
    assert isolation.SETTING in verdicts["loading"].evidence


@pytest.mark.usefixtures("refusing_kernel")
def test_the_doctor_says_it_too(parts: Parts) -> None:
    parts.settings.secret.touch(mode=0o600)
    check = next(one for one in examine(parts) if one.name == "isolation")
    is_allowed = RuntimeSettings().runtime_without_isolation
    assert (check.good, "network, files" in check.note) == (is_allowed, True)


def test_a_probe_that_cannot_be_asked_grants_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr(cage, "__file__", str(broken))
    assert sys.executable
    assert isolation.refused_here() == ("network", "files")
