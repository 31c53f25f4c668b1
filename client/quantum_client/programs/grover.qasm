// Grover's search for 101 among eight: two rounds find it with probability 0.945.
OPENQASM 3;
include "stdgates.inc";

gate ccz a, b, c { h c; ccx a, b, c; h c; }

qubit[3] q;
bit[3] c;

h q;
for int round in [1:2] {
  x q[1];
  ccz q[0], q[1], q[2];
  x q[1];

  h q;
  x q;
  ccz q[0], q[1], q[2];
  x q;
  h q;
}
c = measure q;
