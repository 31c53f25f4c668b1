// A misspelled gate: the answer says where.
OPENQASM 3;
include "stdgates.inc";
qubit[2] q;
hadamart q[0];
cx q[0], q[1];
bit[2] c = measure q;
