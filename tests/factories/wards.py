"""A site at which a real, tiny model runs on images of chosen brightness."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import onnx
from factories import packages
from factories.deployments import place_deployment
from factories.identity import SETUP, create_site
from factories.images import make_file
from factories.routing import make_rule, publish_rules
from factories.runs import file_study
from factories.steps import InlineSteps
from factories.versions import create_version
from onnx import TensorProto, helper, numpy_helper
from sqlmodel import col, select

from inference.routing.rules import Rule
from inference.runs.analysis import Analyst
from inference.runs.closing import close_due
from inference.runs.models import Finding, Run
from inference.runs.tasks import RunTasks
from inference.runtime.pool import Runtimes
from inference.studies.models import Study
from inference.studies.service import Policy
from model_registry.deployments.models import Deployment, Mode
from model_registry.deployments.steps import open_history
from model_registry.versions.models import ModelVersion
from vigil.kernel.db import WriteSession
from vigil.kernel.identity.models import Site
from vigil.kernel.parts import Parts

AT_ONCE = Policy(quiet=timedelta(0), open_quiet=timedelta(0), cap=timedelta(hours=1))
WHITE = np.iinfo(np.uint16).max


class Planned(NamedTuple):
    """What was enqueued, with all that the engine is told of it."""

    task: str
    arguments: tuple[str, ...]
    key: str
    priority: int
    partition: str | None


@dataclass
class NotingQueue:
    """Notes what was enqueued, once the transaction it belongs to is committed."""

    planned: list[Planned] = field(default_factory=list)

    def enqueue(
        self,
        session: WriteSession,
        task: str,
        *arguments: str,
        key: str,
        priority: int = 5,
        partition: str | None = None,
        delay: timedelta | None = None,
    ) -> None:
        made = Planned(task, arguments, key, priority, partition)
        session.before_commit.append(lambda: self.planned.append(made))


@dataclass(frozen=True)
class Ward:
    parts: Parts
    site: Site
    version: ModelVersion
    deployment: Deployment
    queue: NotingQueue

    def receive(self, value: int = 20_000, **elements: Any) -> Study:
        """File an image of one brightness, as a study of its own unless a UID is given."""
        return self.file(make_image_file(value, **elements))

    def file(self, data: bytes) -> Study:
        with self.parts.database.write() as session:
            return file_study(session, self.parts.objects, self.site.id, data)  # type: ignore[arg-type]

    def plan(self, value: int = 20_000, **elements: Any) -> Run:
        """Receive an image and let its study be closed: the run that follows."""
        study = self.receive(value, **elements)
        close_due(self.parts, AT_ONCE)
        return self.runs_of(study)[-1]

    def tasks(self, runtimes: Runtimes) -> RunTasks:
        return RunTasks(self.parts, Analyst(self.parts.objects, runtimes))

    def execute(self, runtimes: Runtimes, run: Run, steps: InlineSteps | None = None) -> Run:
        """Do the run's workflow; return it as it then stands."""
        made = steps or InlineSteps(self.parts.database)
        self.tasks(runtimes).execute(made, run.id)
        return self.run(run.id)

    def run(self, run_id: str) -> Run:
        with self.parts.database.read() as session:
            return session.get_one(Run, run_id)

    def runs_of(self, study: Study) -> list[Run]:
        with self.parts.database.read() as session:
            statement = select(Run).where(Run.study_id == study.id)
            return list(session.exec(statement.order_by(col(Run.study_revision), Run.id)))

    def findings(self, run: Run) -> dict[str, Finding]:
        with self.parts.database.read() as session:
            found = session.exec(select(Finding).where(Finding.run_id == run.id))
            return {finding.key: finding for finding in found}


def open_ward(
    parts: Parts, *rules: Rule, mode: Mode = Mode.LIVE, thresholds: Any = None, **version: Any
) -> Ward:
    """Deploy a version at a new site, with a rule that sends it everything with pixels."""
    queue = NotingQueue()
    parts = replace(parts, queue=queue)
    with parts.database.write() as session:
        site = create_site(session)
        made = create_version(session, parts.objects, **version)
        deployment = deploy(session, made, site.id, mode, thresholds)
        wanted = rules or (make_rule(name="everything", when="rows > 0"),)
        publish_rules(session, site.id, *wanted)
    return Ward(parts, site, made, deployment, queue)


def deploy(
    session: WriteSession,
    version: ModelVersion,
    site_id: str,
    mode: Mode = Mode.LIVE,
    thresholds: dict[str, float] | None = None,
) -> Deployment:
    """A deployment with the first page of its history, which a run reads its thresholds from."""
    deployment = place_deployment(session, version, site_id, mode)
    deployment.thresholds = thresholds or {}
    session.add(deployment)
    open_history(session, SETUP, deployment, "for a test")
    session.flush()
    return deployment


def make_image_file(value: int = 20_000, **elements: Any) -> bytes:
    return make_file(np.full((packages.SIDE, packages.SIDE), value, np.uint16), **elements)


def blinding_model() -> bytes:
    """The linear model, whose scores are not numbers where the image is all black."""
    nodes = [
        helper.make_node("ReduceSum", ["image"], ["sum"], keepdims=0),
        helper.make_node("Div", ["sum", "sum"], ["one"]),
        helper.make_node("Mul", ["linear", "one"], ["scores"]),
    ]
    return _after_linear(nodes, [])


def stalling_model() -> bytes:
    """The linear model, which does not come to an end where the image is all white."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["goes_on"]),
            helper.make_node("Identity", ["kept"], ["keeps"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("keeps", TensorProto.FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node("ReduceMin", ["image"], ["least"], keepdims=0),
        helper.make_node("Greater", ["least", "almost"], ["start"]),
        helper.make_node("Loop", ["turns", "start", "linear"], ["scores"], body=body),
    ]
    constants = [
        numpy_helper.from_array(np.array(1 << 62, dtype=np.int64), "turns"),
        numpy_helper.from_array(np.array(0.99, dtype=np.float32), "almost"),
    ]
    return _after_linear(nodes, constants)


def hasty_manifest(seconds: float = 1) -> bytes:
    """A manifest that gives the model little time."""
    described = packages.manifest()
    described["resources"]["max_seconds"] = seconds
    return packages.yaml_bytes(described)


def _after_linear(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> bytes:
    model = packages.onnx_model(output="linear")
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(constants)
    model.graph.output[0].name = "scores"
    return bytes(model.SerializeToString())
