"""The ALS of the implicit library on one matrix; see als-bench.ts, which calls it.

python3 implicit_als.py FOLDER FACTORS ALPHA REGULARIZATION ITERATIONS THREADS SEED

FOLDER holds sizes.json and the matrix in compressed sparse rows, as raw little-endian arrays; the
factors are written beside it. Prints as JSON the seconds of fit(), and those of its processors.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

folder = Path(sys.argv[1])
factors, iterations, threads, seed = (int(sys.argv[n]) for n in (2, 5, 6, 7))
alpha, regularization = float(sys.argv[3]), float(sys.argv[4])

sizes = json.loads((folder / "sizes.json").read_text())
matrix = csr_matrix(
    (
        np.fromfile(folder / "values.f32", np.float32),
        np.fromfile(folder / "indices.i32", np.int32),
        np.fromfile(folder / "indptr.i32", np.int32),
    ),
    shape=(sizes["numRows"], sizes["numCols"]),
)
model = AlternatingLeastSquares(
    factors=factors,
    alpha=alpha,
    regularization=regularization,
    iterations=iterations,
    num_threads=threads,
    random_state=seed,
)
with threadpool_limits(limits=1, user_api="blas"):
    start = time.perf_counter()
    cpu = time.process_time()
    model.fit(matrix, show_progress=False)
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu

model.user_factors.astype(np.float32).tofile(folder / "users.f32")
model.item_factors.astype(np.float32).tofile(folder / "items.f32")
print(json.dumps({"seconds": seconds, "cpuSeconds": cpu}))
