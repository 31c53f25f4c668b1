"""The programs of tasks that are new: most are needed within milliseconds, and once."""

from collections import OrderedDict

MOST_BYTES = 16 * 2**20
"""How much text is kept; the programs that came first go first, and are asked for again."""


class Programs:
    """Programs by the uid of their task, bounded by their size."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, str] = OrderedDict()

    def get(self, uid: str) -> str | None:
        """A task's program, if it is kept."""
        return self._kept.get(uid)

    def put(self, uid: str, qasm: str) -> None:
        """Keep a program, if there is room for it at all; a task's program never changes."""
        if uid in self._kept or len(qasm) > self._most_bytes:
            return
        self._kept[uid] = qasm
        self._bytes += len(qasm)
        while self._bytes > self._most_bytes:
            _, first = self._kept.popitem(last=False)
            self._bytes -= len(first)

    def drop(self, uid: str) -> None:
        """Forget a program that is not needed any more; an unknown one is fine."""
        self._bytes -= len(self._kept.pop(uid, ""))
