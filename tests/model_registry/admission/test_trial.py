"""The checks that run a model: within its budget, the same each time, alone and beside others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from factories import packages
from factories.runners import Computed

from model_registry.admission import trial
from model_registry.admission.errors import OverBudget
from model_registry.admission.runner import LoadedModel, Loading, Measured
from model_registry.admission.trial import Trial
from model_registry.admission.verdict import Failed
from model_registry.packages.archive import ModelPackage
from model_registry.packages.arrays import Array
from model_registry.packages.structure import Port, Structure
from vigil.kernel.errors import Invalid

Inputs = dict[str, Array]


def scores(inputs: Inputs) -> Mapping[str, Array]:
    return {"scores": packages.scores_of(inputs["image"])}


class Runner:
    """Computes with one function in each process, the last one for all that follow."""

    def __init__(self, *computes: Callable[[Inputs], Mapping[str, Array]], **cost: Any) -> None:
        self._computes = list(computes) or [scores]
        self._cost = cost
        self.asked: list[int] = []

    def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
        self.asked.append(cases)
        compute = self._computes.pop(0) if len(self._computes) > 1 else self._computes[0]
        return Computed(compute, **self._cost)

    def prepare(self, package: ModelPackage, dicom: Sequence[bytes]) -> Inputs:
        raise Invalid("The file is no image.")


def loaded(runner: Runner, opened: ModelPackage | None = None) -> Trial:
    found = Trial(runner)
    found.prepare(opened or packages.package())
    found.load()
    return found


def graph(*shape: int | None) -> Structure:
    port = Port("image", "float32", shape or None)
    return Structure((port,), (), opset=17, nodes=3, operators=(), tensor_bytes=0)


FREE = graph(None, 1, packages.SIDE, packages.SIDE)


def two_cases() -> ModelPackage:
    other = packages.IMAGE[..., ::-1] * np.float32(0.5)
    cases = [
        {
            "name": name,
            "input": {"image": f"{name}.npy"},
            "expected": {"scores": packages.scores_of(image).tolist()},
            "tolerance": 1e-5,
        }
        for name, image in (("ramp", packages.IMAGE), ("half", other))
    ]
    return ModelPackage(
        {
            **packages.package_files(golden__image_npy=None),
            "golden/ramp.npy": packages.npy(packages.IMAGE),
            "golden/half.npy": packages.npy(other),
            "golden/cases.yaml": packages.yaml_bytes({"cases": cases}),
        }
    )


def test_time_and_memory_are_told_with_their_budget() -> None:
    found = loaded(Runner(seconds=0.5, memory_mb=321.0)).resources()
    assert found.facts["runs"] == trial.RUNS
    assert found.facts["p95_seconds"] == 0.5
    assert "95th percentile 0.500 s, longest 0.500 s of 20 s" in found.evidence
    assert "most memory 321 MB of 1500 MB" in found.evidence


@pytest.mark.parametrize(
    ("cost", "number"),
    [({"seconds": 20.5}, "20.500 s of 20 s"), ({"memory_mb": 1501.0}, "1501 MB")],
)
def test_what_is_beyond_the_budget_is_refused_with_its_numbers(
    cost: dict[str, float], number: str
) -> None:
    with pytest.raises(Failed, match=f"beyond manifest.yaml:resources: .*{number}"):
        loaded(Runner(**cost)).resources()


def test_a_system_that_does_not_tell_memory_is_said() -> None:
    assert "memory not measured" in loaded(Runner(memory_mb=None)).resources().evidence


def test_a_run_that_is_ended_is_refused_with_its_case() -> None:
    def endless(inputs: Inputs) -> Mapping[str, Array]:
        raise OverBudget("No answer within 20 seconds.")

    with pytest.raises(Failed, match="Case ramp: No answer within 20 seconds"):
        loaded(Runner(endless)).resources()


def test_a_slow_model_is_run_less_often_and_a_very_slow_one_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "ENOUGH_SECONDS", 0.0)
    assert loaded(Runner()).resources().facts["runs"] == 2
    monkeypatch.setattr(trial, "MOST_SECONDS", -1.0)
    with pytest.raises(Failed, match="give fewer"):
        loaded(Runner()).resources()


def test_other_bits_in_a_fresh_process_are_found() -> None:
    def otherwise(inputs: Inputs) -> Mapping[str, Array]:
        return {"scores": scores(inputs)["scores"] * (1 + 1e-6)}

    found = loaded(Runner(scores, otherwise))
    found.resources()
    found.golden()
    with pytest.raises(Failed, match="a fresh process gave other bits"):
        found.determinism()


def test_the_repeats_are_counted() -> None:
    found = loaded(Runner(), two_cases())
    found.resources()
    assert found.determinism().facts == {"repeats": 10, "processes": 2}


def test_cases_give_the_same_alone_and_beside_others() -> None:
    runner = Runner()
    found = loaded(runner, two_cases())
    found.resources()
    assert found.batch(FREE).facts["cases"] == 2
    assert runner.asked == [1, 3]


def test_one_case_is_enough_to_see_its_neighbour() -> None:
    def mixed(inputs: Inputs) -> Mapping[str, Array]:
        image = inputs["image"]
        return {"scores": packages.scores_of(image - image.mean() + packages.IMAGE.mean())}

    def normalised(inputs: Inputs) -> Mapping[str, Array]:
        image = inputs["image"] * np.float32(0.5 / inputs["image"].max())
        return {"scores": packages.scores_of(image)}

    def dropped(inputs: Inputs) -> Mapping[str, Array]:
        return {"scores": packages.scores_of(inputs["image"])[:1]}

    def swapped(inputs: Inputs) -> Mapping[str, Array]:
        return {"scores": packages.scores_of(inputs["image"])[::-1]}

    for wrong, said in ((dropped, "one row for each of 2 cases"), (swapped, "beside other cases")):
        found = loaded(Runner(wrong))
        found.resources()
        with pytest.raises(Failed, match=said):
            found.batch(FREE)
    for wrong in (mixed, normalised):
        found = loaded(Runner(wrong), two_cases())
        found.resources()
        with pytest.raises(Failed, match="beside other cases it differs by"):
            found.batch(FREE)


@pytest.mark.parametrize(
    ("structure", "why"),
    [(graph(1, 1, 8, 8), "takes a fixed batch of 1"), (graph(), "declares no shape")],
)
def test_a_fixed_batch_is_not_applicable(structure: Structure, why: str) -> None:
    found = loaded(Runner())
    found.resources()
    assert why in found.batch(structure).evidence


def test_a_batch_that_does_not_fit_is_not_the_models_fault() -> None:
    def small(inputs: Inputs) -> Mapping[str, Array]:
        if len(inputs["image"]) > 1:
            raise OverBudget("It needs more than 2048 MB.")
        return scores(inputs)

    found = loaded(Runner(small))
    found.resources()
    assert "does not fit here (It needs more than 2048 MB.)" in found.batch(FREE).evidence


def test_a_dicom_case_that_cannot_be_prepared_is_named() -> None:
    case = {"name": "film", "input": "x.dcm", "expected": {"scores": [[0]]}, "tolerance": 1e-5}
    opened = packages.package(
        golden__cases_yaml=packages.yaml_bytes({"cases": [case]}),
        golden__x_dcm=bytes(128) + b"DICM",
    )
    with pytest.raises(Failed, match="Case film: The file is no image"):
        Trial(Runner()).prepare(opened)


def test_the_process_is_closed_even_when_it_failed() -> None:
    closed = []

    class Closing:
        loading = Loading(seconds=0, memory_mb=None, granted_mb=1)

        def run(self, inputs: Inputs) -> Measured:
            raise OverBudget("It needs more.")

        def close(self) -> None:
            closed.append(True)

    class Once(Runner):
        def load(self, package: ModelPackage, *, cases: int = 1) -> LoadedModel:
            return Closing()

    found = loaded(Once())
    with pytest.raises(Failed):
        found.resources()
    found.close()
    assert closed == [True]
