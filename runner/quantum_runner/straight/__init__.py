"""Simulates small straight-line programs without Aer, with the counts that Aer would give.

They are read by `quantum_qasm.straight`. Nothing here imports Qiskit.
"""
