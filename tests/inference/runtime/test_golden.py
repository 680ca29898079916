import numpy as np
import pytest
from factories.images import make_file
from factories.packages import IMAGE, package, scores_of, yaml_bytes

from inference.runtime.errors import GoldenMismatch, ModelRefused
from inference.runtime.golden import PackageRunner, goldens
from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from model_registry.admission.runner import GoldenRunner
from model_registry.packages.archive import ModelPackage

SETTINGS = RuntimeSettings.model_construct()
VALUES = (np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8)


def with_dicom_case() -> ModelPackage:
    expected = scores_of((VALUES / 65535).astype(np.float32)[np.newaxis, np.newaxis])
    case = {"name": "x-ray", "input": "x.dcm", "tolerance": 1e-5}
    case["expected"] = {"scores": expected.tolist()}
    files = dict(package().files)
    files["golden/cases.yaml"] = yaml_bytes({"cases": [case]})
    files["golden/x.dcm"] = make_file(VALUES)
    return ModelPackage(files)


def test_admission_gets_the_declared_outputs() -> None:
    runner: GoldenRunner = PackageRunner(SETTINGS)
    outputs = runner.run(package(), {"image": IMAGE})
    assert np.allclose(outputs["scores"], scores_of(IMAGE), atol=1e-6)


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
