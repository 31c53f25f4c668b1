"""Straight-line programs: declarations, standard gates and measurements, one after the other, without control flow.

Most programs are of this kind. They are read here without a parser, and small ones are simulated without Aer, with the
counts that Aer would give. Nothing here imports Qiskit.
"""
