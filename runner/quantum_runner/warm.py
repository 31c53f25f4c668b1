"""Loading this module makes a process ready to simulate.

The fork server loads it once and every child is a fork of that: a new child costs milliseconds, and shares the memory
of the libraries. Nothing here may start threads, since a fork after that hangs.
"""

from quantum_runner import by_aer, engine, simulate

__all__ = ["by_aer", "simulate"]

engine.warm()
