"""How large counts may be, before a run and after it."""

from quantum_tasks.errors import Code, ProgramError

MAX_RESULT_BYTES = 64 * 2**20
"""The largest counts, as JSON: a million shots that all differ, on fifty bits."""
_COPIES_OF_A_KEY = 2
"""A record as hexadecimal digits, in C++ and in Python, and as bits: bytes for each bit."""


def checked_size(counts: dict[str, int]) -> dict[str, int]:
    """Counts that are not too large to be kept. Raises ProgramError with RESULT_BYTES."""
    size = sum(len(bits) + len(str(count)) + 4 for bits, count in counts.items())
    if size > MAX_RESULT_BYTES:
        message = f"The counts take {size} bytes, more than {MAX_RESULT_BYTES}: measure less, or with fewer shots."
        raise ProgramError(Code.RESULT_BYTES, message)
    return counts


def bytes_of_counts(bits: int, shots: int, memory_bytes: int) -> int:
    """What the counts take at the most, were every shot to give another record.

    Raises ProgramError with RESULT_BYTES when that is more than `memory_bytes`: before the run, not after it.
    """
    needed: int = min(shots, 2**bits) * bits * _COPIES_OF_A_KEY
    if needed > memory_bytes:
        message = (
            f"The counts of {shots} shots on {bits} bits may take {needed} bytes, more than {memory_bytes}: "
            "measure less, or with fewer shots."
        )
        raise ProgramError(Code.RESULT_BYTES, message)
    return needed
