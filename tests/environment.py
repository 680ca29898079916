"""The environment variables that libraries read when they are imported, so this comes before them.

The test run's workers and the processes that tests start inherit them.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Tests already run on every processor: a second thread for small matrices only waits, and spins.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
