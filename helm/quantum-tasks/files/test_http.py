"""What `helm test` runs in the API's image: a Bell circuit over HTTP, as a client sends it."""

import json
import os
import sys
import time
import urllib.request

BELL = 'OPENQASM 3; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'
SHOTS = 1000

url, seconds = os.environ["URL"], int(os.environ["TIMEOUT_SECONDS"])
deadline = time.monotonic() + seconds


def ask(method: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
    """The answer to a request that may take as long as the API lets it wait."""
    headers = {"content-type": "application/json", "prefer": f"wait={seconds}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)  # noqa: S310 - the Service's address
    with urllib.request.urlopen(request, timeout=seconds + 30) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else {}


accepted = ask("POST", "/tasks", {"qc": BELL, "shots": SHOTS})
task = f"/tasks/{accepted['task_id']}"
found = accepted
# the API waits as long as it is let, which may be less, or not at all
while found.get("status") not in ("completed", "error") and time.monotonic() < deadline:
    time.sleep(0.2)
    found = ask("GET", task)
print(json.dumps(found))
counts = found.get("result")
if found["status"] != "completed" or not isinstance(counts, dict):
    sys.exit("the task has not succeeded")
if not counts.keys() <= {"00", "11"} or sum(counts.values()) != SHOTS:
    sys.exit(f"these are not the counts of {SHOTS} shots of a Bell circuit")
ask("DELETE", f"/v1{task}")
