"""Assignments to the slots of a frame."""

from quantum_qasm.ir import Frame, Place
from quantum_qasm.types import Int
from quantum_qasm.values import Value, wrapped


def assign(frame: Frame, place: Place, value: Value) -> None:
    """Put a value where it goes. Raises NoSuchValueError for an index that is outside."""
    if place.elements is None:
        frame[place.slot] = _changed(frame[place.slot], place, value, frame)
        return
    offsets = place.elements.offsets(frame)
    array = list(frame[place.slot])
    values = value if isinstance(value, tuple) else (value,)
    for offset, one in zip(offsets, values, strict=True):
        array[offset] = _changed(array[offset], place, one, frame)
    frame[place.slot] = tuple(array)


def _changed(before: Value, place: Place, value: Value, frame: Frame) -> Value:
    """What a value becomes, all of it or some of its bits."""
    bits = place.bits
    if bits is None:
        return value
    kept = before & ((1 << bits.size) - 1)
    for at, bit in enumerate(bits.places(frame)):
        kept = kept & ~(1 << bit) | (value >> at & 1) << bit
    return wrapped(kept, Int(bits.size)) if place.signed else kept
