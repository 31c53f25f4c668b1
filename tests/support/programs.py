"""OpenQASM 3 programs that several suites run."""

BELL = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""

ENDLESS = """OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q;
bit[1] c;
x q[0];
c[0] = measure q[0];
while (c[0] == 1) {
  c[0] = measure q[0];
}
"""
"""Valid, and never done: the bit that the loop tests stays 1."""

LONG = """OPENQASM 3.0;
include "stdgates.inc";
qubit[20] q;
bit[2] c;
for int k in [1:30] { for int i in [0:18] { h q[i]; t q[i]; cx q[i], q[i + 1]; } }
c = measure q[0:1];
"""
"""Some seconds of work, on any machine: whoever wants to see it run does."""

NOT_A_PROGRAM = """OPENQASM 3.0;
qubit[1] q;
this is not a program;
"""
"""Refused by the parser, on line 3."""

DENSE_40 = """OPENQASM 3.0;
include "stdgates.inc";
qubit[40] q;
bit[40] c;
for int i in [0:39] { h q[i]; t q[i]; }
for int k in [1:12] { for int i in [0:27] { cx q[i], q[i + k]; t q[i + k]; h q[i]; } }
c = measure q;
"""
"""Forty qubits that no method of a common machine can hold: the state vector takes 16 TiB."""
