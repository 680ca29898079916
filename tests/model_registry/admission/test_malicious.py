"""The malicious set, handed in as a supplier would: each refused by the check that names it.

Signed with a trusted key and run by the real runner: what stands between the model and the machine
is nothing but admission.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import malicious, onnx_models, packages
from factories.packages import SIGNING_KEY, package, package_files, yaml_bytes

from inference.runtime.golden import PackageRunner
from inference.runtime.settings import RuntimeSettings
from model_registry.admission import service
from model_registry.admission.models import Status
from model_registry.admission.trial import Trial
from model_registry.admission.verdict import Failed, Verdict
from model_registry.keys.models import KeyStatus
from model_registry.keys.service import KnownKey
from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.packages.signature import key_id_of, public_bytes, sign
from vigil.kernel.errors import VigilError
from vigil.kernel.objects import LocalObjectStore

RAW = public_bytes(SIGNING_KEY)
KEY = KnownKey("key_test", key_id_of(RAW), RAW, KeyStatus.TRUSTED)
QUICK = RuntimeSettings.model_construct(runtime_load_seconds=4.0)
PATIENT = RuntimeSettings.model_construct(runtime_load_seconds=60.0)
MOST_SECONDS = 90


def examined(objects: LocalObjectStore, archive: bytes) -> dict[str, Verdict]:
    runner = PackageRunner(QUICK)
    verdicts = service.examine(
        digest=objects.put(archive), runner=runner, objects=objects, keys=[KEY]
    )
    return {verdict.name: verdict for verdict in verdicts}


@pytest.mark.parametrize("name", malicious.MODELS)
def test_a_malicious_model_is_refused_and_never_loaded(
    objects: LocalObjectStore, name: str
) -> None:
    archive = build(sign(package(model_onnx=malicious.MODELS[name]()), SIGNING_KEY))
    started = time.monotonic()
    checks = examined(objects, archive)
    assert time.monotonic() - started < MOST_SECONDS
    assert checks["structure"].state is Status.FAILED
    assert malicious.NAMED[name] in checks["structure"].evidence
    assert checks["signature"].passed
    for later in ("loading", "resources", "golden"):
        assert checks[later].state is Status.NOT_REACHED


@pytest.mark.parametrize("name", malicious.ARCHIVES)
def test_a_malicious_archive_is_refused_before_anything_is_read(
    objects: LocalObjectStore, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    checks = examined(objects, malicious.ARCHIVES[name]())
    assert malicious.ARCHIVES_NAMED[name] in checks["archive"].evidence
    assert {verdict.state for verdict in checks.values()} == {Status.FAILED, Status.NOT_REACHED}
    assert list(folder.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"cwd", "objects"}] == []


TAGS = (
    "!!python/object/apply:os.system ['touch {0}']",
    "!!python/object/new:subprocess.Popen [['touch', '{0}']]",
    "!!python/name:os.system",
    "!!python/module:os",
    "!include {0}",
)


@pytest.mark.parametrize(
    ("file", "tag"),
    [
        *(("manifest_yaml", tag) for tag in TAGS),
        *(("card_yaml", tag) for tag in TAGS[:2]),
        *(("golden__cases_yaml", tag) for tag in TAGS[:2]),
    ],
)
def test_yaml_makes_no_object_and_calls_nothing(
    objects: LocalObjectStore, tmp_path: Path, file: str, tag: str
) -> None:
    mark = tmp_path / "pwned"
    text = f"model: {tag.format(mark)}\n".encode()
    replaced: dict[str, Any] = {file: text}
    files = package_files(**replaced)
    checks = examined(objects, build(sign(ModelPackage(files), SIGNING_KEY)))
    assert any(verdict.state is Status.FAILED for verdict in checks.values())
    assert not mark.exists()


HOSTILE = (
    "$(touch {0})",
    "`touch {0}`",
    "; touch {0} #",
    "{{{{ cycler.__init__.__globals__.os.system('touch {0}') }}}}",
    "'; DROP TABLE model_version; --",
    "<script>alert(1)</script>",
    "../../../../{0}",
    "%s%n{{0}}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(objects: LocalObjectStore, tmp_path: Path, text: str) -> None:
    """As the name of an input, an output and a finding; through ONNX, child, evidence and all."""
    mark = tmp_path / "p"
    words = text.format(mark)[:190]
    model = packages.onnx_model(output=words)
    taken = f"{words} taken"
    model.graph.input[0].name = model.graph.node[0].input[0] = taken
    declared = packages.manifest()
    declared["input"]["tensors"][0]["name"] = taken
    declared["output"][0]["name"] = words
    declared["output"][0]["findings"][0]["code"]["meaning"] = words[:64]
    case = {
        "name": "ramp",
        "input": {taken: "image.npy"},
        "expected": {words: packages.scores_of(packages.IMAGE).tolist()},
        "tolerance": 1e-5,
    }
    files = package_files(
        manifest_yaml=yaml_bytes(declared),
        model_onnx=model.SerializeToString(),
        golden__cases_yaml=yaml_bytes({"cases": [case]}),
    )
    checks = examined(objects, build(sign(ModelPackage(files), SIGNING_KEY)))
    assert not mark.exists()
    for verdict in checks.values():
        assert verdict.passed, verdict.evidence


def opened(model: bytes, value: float, **resources: float) -> ModelPackage:
    """A package whose one input is a single number: what the static checks do not see through."""
    declared = packages.manifest()
    declared["input"]["tensors"][0]["name"] = "x"
    declared["resources"] |= resources
    case = {"name": "one", "input": {"x": "x.npy"}, "expected": {"scores": [[0]]}, "tolerance": 0.1}
    return ModelPackage(
        package_files(
            manifest_yaml=yaml_bytes(declared),
            model_onnx=model,
            golden__cases_yaml=yaml_bytes({"cases": [case]}),
            golden__x_npy=packages.npy(np.full(1, value, np.float32)),
        )
    )


@pytest.mark.parametrize(
    ("model", "resources", "said"),
    [
        (onnx_models.greedy(), {"max_memory_mb": 300}, "It needs more than 300 MB"),
        (onnx_models.endless(), {"max_seconds": 1}, "within 1 seconds|processor time"),
    ],
)
def test_what_only_running_shows_is_ended_in_time(
    model: bytes, resources: dict[str, float], said: str
) -> None:
    started = time.monotonic()
    trial = Trial(PackageRunner(PATIENT))
    try:
        trial.prepare(opened(model, 4, **resources))
        trial.load()
        with pytest.raises(Failed, match=said):
            trial.resources()
    finally:
        trial.close()
    assert time.monotonic() - started < MOST_SECONDS


def test_a_model_that_is_never_loaded_is_ended_in_time() -> None:
    started = time.monotonic()
    trial = Trial(PackageRunner(QUICK))
    trial.prepare(opened(onnx_models.folding_bomb(), 1))
    with pytest.raises(VigilError, match=r"within 4 seconds|processor time"):
        trial.load()
    trial.close()
    assert time.monotonic() - started < MOST_SECONDS


def test_a_model_that_would_read_the_working_folder_finds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the structure were never looked at."""
    (tmp_path / "secret").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    monkeypatch.chdir(tmp_path)
    for location in ("secret", str(tmp_path / "secret")):
        trial = Trial(PackageRunner(QUICK))
        trial.prepare(opened(onnx_models.reading(location), 1))
        with pytest.raises(VigilError, match="onnxruntime says"):
            trial.load()
        trial.close()
