"""`python -m benchmarks.baseline.worker`: takes tasks from the list, one after the other."""

import json
import os
from collections.abc import Mapping

from qiskit import qasm3, transpile
from qiskit_aer import AerSimulator
from redis import Redis

from benchmarks.baseline import keys


def counts_of(program: str, shots: int) -> Mapping[str, int]:
    """What most runners do for each task."""
    simulator = AerSimulator()
    circuit = transpile(qasm3.loads(program), simulator)
    counts: Mapping[str, int] = simulator.run(circuit, shots=shots).result().get_counts()
    return counts


def answer(program: str, shots: int) -> dict[str, object]:
    """What came of a program."""
    try:
        return {"status": "completed", "result": counts_of(program, shots)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
        return {"status": "error", "message": str(error)}


def main() -> None:
    """Work until told to stop."""
    redis = Redis.from_url(os.environ["USUAL_REDIS_URL"], decode_responses=True)
    counts_of('OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; h q; c = measure q;', 1)  # warm
    print("ready", flush=True)
    while True:
        popped = redis.brpop([keys.QUEUE], timeout=2)  # less than the client's own timeout
        if popped is None:
            continue
        task = json.loads(popped[1])
        redis.set(keys.task(task["id"]), json.dumps(answer(task["qc"], task["shots"])))


if __name__ == "__main__":
    main()
