"""What can go wrong with a model that is loaded or run.

ModelFailed
  ModelRefused     onnxruntime does not take the model, or the model not these inputs
  GoldenMismatch   the model does not give the supplier's own expected outputs here
  ModelTimeout     loading or running took longer than it may
  OutOfMemory      it asked for more memory than it may have
  ModelCrashed     its process ended without an answer
  NotIsolated      the kernel does not keep its process from the network and from files
  NoResult         it ran, and what it gave is no number
"""

from vigil.kernel.errors import VigilError


class ModelFailed(VigilError):
    title = "The model did not give a result"


class ModelRefused(ModelFailed):
    title = "The model cannot be run like this"


class GoldenMismatch(ModelFailed):
    title = "The model does not reproduce its golden cases"


class ModelTimeout(ModelFailed):
    title = "The model took too long"


class OutOfMemory(ModelFailed):
    title = "The model asked for too much memory"


class ModelCrashed(ModelFailed):
    title = "The model's process ended"


class NotIsolated(ModelFailed):
    title = "The model cannot be isolated on this machine"


class NoResult(ModelFailed):
    title = "The model's output is not usable"
