import numpy as np
import pytest
from factories import onnx_models
from factories.images import make_file
from factories.packages import IMAGE, manifest, package, scores_of, yaml_bytes

from inference.runtime.errors import GoldenMismatch, ModelRefused
from inference.runtime.golden import PackageRunner, goldens
from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from model_registry.admission.errors import OverBudget
from model_registry.admission.runner import GoldenRunner
from model_registry.packages.archive import ModelPackage

SETTINGS = RuntimeSettings()
VALUES = (np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8)


def with_dicom_case() -> ModelPackage:
    expected = scores_of((VALUES / 65535).astype(np.float32)[np.newaxis, np.newaxis])
    case = {"name": "x-ray", "input": "x.dcm", "tolerance": 1e-5}
    case["expected"] = {"scores": expected.tolist()}
    files = dict(package().files)
    files["golden/cases.yaml"] = yaml_bytes({"cases": [case]})
    files["golden/x.dcm"] = make_file(VALUES)
    return ModelPackage(files)


def with_model(model: bytes, **resources: float) -> ModelPackage:
    declared = manifest()
    declared["resources"] |= resources
    return ModelPackage(
        {**package().files, "model.onnx": model, "manifest.yaml": yaml_bytes(declared)}
    )


def test_admission_gets_the_declared_outputs() -> None:
    outputs = PackageRunner(SETTINGS).run(package(), {"image": IMAGE})
    assert np.allclose(outputs["scores"], scores_of(IMAGE), atol=1e-6)


def test_admission_gets_what_a_run_took() -> None:
    runner: GoldenRunner = PackageRunner(SETTINGS)
    loaded = runner.load(package())
    try:
        first, second = (loaded.run({"image": IMAGE}) for _ in range(2))
    finally:
        loaded.close()
    assert loaded.loading.seconds > 0
    assert loaded.loading.granted_mb == 1500
    assert {"onnxruntime", "network", "files"} <= set(loaded.loading.facts)
    assert 0 < first.seconds < 1
    assert first.memory_mb is not None
    assert second.memory_mb is not None
    assert 0 < first.memory_mb <= second.memory_mb < 300


def test_a_model_beyond_its_budget_says_so() -> None:
    opened = with_model(onnx_models.greedy(), max_memory_mb=300)
    loaded = PackageRunner(SETTINGS).load(opened)
    try:
        with pytest.raises(OverBudget, match="more than 300 MB"):
            loaded.run({"x": np.full(1, 4, np.float32)})
    finally:
        loaded.close()


def test_memory_for_more_cases_is_granted_as_far_as_there_is() -> None:
    loaded = PackageRunner(SETTINGS).load(package(), cases=4)
    loaded.close()
    assert loaded.loading.granted_mb == SETTINGS.runtime_memory_mb == 2048


def test_admission_gets_a_dicom_case_prepared() -> None:
    opened = with_dicom_case()
    tensors = PackageRunner(SETTINGS).prepare(opened, opened.golden[0].dicom)
    assert np.allclose(tensors["image"][0, 0], VALUES / 65535, atol=1e-6)


def test_a_case_of_several_files_is_refused() -> None:
    with pytest.raises(ModelRefused, match="one DICOM file"):
        PackageRunner(SETTINGS).prepare(package(), (b"", b""))


@pytest.mark.parametrize("opened", [package(), with_dicom_case()])
def test_a_packages_own_cases_hold_at_load(opened: ModelPackage) -> None:
    runtimes = Runtimes(SETTINGS)
    try:
        given = runtimes.predict(
            "digest",
            lambda: opened.model,
            {"image": IMAGE},
            opened.manifest.resources,
            lambda: goldens(opened),
        )
    finally:
        runtimes.close()
    assert np.allclose(given.outputs["scores"], scores_of(IMAGE), atol=1e-6)


def test_a_package_with_a_wrong_case_is_not_run() -> None:
    opened = package(wrong_golden=True)
    runtimes = Runtimes(SETTINGS)
    with pytest.raises(GoldenMismatch, match="ramp, output scores"):
        runtimes.predict(
            "digest",
            lambda: opened.model,
            {"image": IMAGE},
            opened.manifest.resources,
            lambda: goldens(opened),
        )
    runtimes.close()
