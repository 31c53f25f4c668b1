"""Ranges of bits and qubits, as the specification has them, in a form that Qiskit's importer reads so.

An index below zero counts from the end, and a range has both of its ends. The importer makes Python's slices of them,
with one added to the end: of `q[0:-1]`, all qubits, that leaves none, and nothing is said.
"""

from openqasm3 import ast

from quantum_runner.limits import constant, walk


def leave_out_last_ends(tree: ast.Program) -> None:
    """Leave out the end of every range of bits or qubits that goes on to the last one, or down to the first."""
    for node in walk(tree):
        match node:
            case ast.IndexExpression(index=[ast.RangeDefinition() as found]):
                _leave_out(found)
            case ast.IndexedIdentifier(indices=indices):
                for index in indices:
                    if isinstance(index, list) and len(index) == 1 and isinstance(index[0], ast.RangeDefinition):
                        _leave_out(index[0])


def _leave_out(found: ast.RangeDefinition) -> None:
    step = 1 if found.step is None else constant(found.step, {})
    if step and constant(found.end, {}) == (-1 if step > 0 else 0):
        found.end = None
