"""What the kernel grants a model's process, asked in one that holds no model; `cage` starts it."""

import json
import sys
from pathlib import Path

from model_registry.packages.landlock import confine


def main(isolated: bool) -> None:
    sys.stdout.write(json.dumps({"network": isolated, "files": confine(Path.cwd())}))
