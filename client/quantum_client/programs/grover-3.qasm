// Grover's search for 101 among eight: two rounds find it in 94.5 % of the shots.
OPENQASM 3;
include "stdgates.inc";

// A minus sign for 101, and for nothing else.
gate oracle a, b, c {
  x b;
  h c;
  ccx a, b, c;
  h c;
  x b;
}

// Turn every amplitude about their mean.
gate diffuse a, b, c {
  h a; h b; h c;
  x a; x b; x c;
  h c;
  ccx a, b, c;
  h c;
  x a; x b; x c;
  h a; h b; h c;
}

qubit[3] q;
bit[3] c;
h q;
for int round in [1:2] {
  oracle q[0], q[1], q[2];
  diffuse q[0], q[1], q[2];
}
c = measure q;
