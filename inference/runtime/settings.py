"""How many model processes there are, and what each may use at most."""

from pydantic import Field

from vigil.kernel.settings import KernelSettings


class RuntimeSettings(KernelSettings):
    runtime_children: int = Field(default=4, ge=1, description="most model processes of one worker")
    runtime_children_per_version: int = Field(
        default=2, ge=1, description="most processes that hold the same model version"
    )
    runtime_threads: int = Field(
        default=1, ge=1, description="threads of one model process; more serves a lone study sooner"
    )
    runtime_memory_mb: int = Field(
        default=2048, ge=64, description="most memory of a model, whatever its manifest asks for"
    )
    runtime_without_isolation: bool = Field(
        default=False,
        description="admit packages also where the kernel does not keep a model's process from "
        "network and files, because something else does, such as a container",
    )
    runtime_load_seconds: float = Field(
        default=60, gt=0, description="longest that loading a model may take"
    )
