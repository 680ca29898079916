"""The first thing that the child of `structure` runs: it finds its modules, then reads the model.

It is started as a file, isolated from every Python setting and from the folder it lies in.
"""

import importlib
import sys


def main() -> None:
    # Last in the path: nothing of ours may stand in for a module of Python or of onnx.
    sys.path.append(sys.argv[2])
    # Before anything is imported that may start a thread; best effort, where the kernel grants it.
    importlib.import_module("model_registry.packages.network").leave_network()
    importlib.import_module("model_registry.packages.structure_child").main(int(sys.argv[1]))


if __name__ == "__main__":
    main()
