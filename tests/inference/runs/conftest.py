"""Wards at which real models run, and one pool of their processes for each module."""

from collections.abc import Iterator

import pytest
from factories.wards import Ward, open_ward

from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from vigil.kernel.parts import Parts


@pytest.fixture(scope="module")
def runtimes() -> Iterator[Runtimes]:
    pool = Runtimes(RuntimeSettings())
    yield pool
    pool.close()


@pytest.fixture
def ward(parts: Parts) -> Ward:
    return open_ward(parts)
