// Two entangled qubits: each is 0 or 1 by chance, and both always agree.
OPENQASM 3;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
