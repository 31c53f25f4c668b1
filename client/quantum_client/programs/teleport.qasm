// A qubit that is 1 in 25 % of the shots is teleported: so is the last one (leftmost here).
OPENQASM 3;
include "stdgates.inc";
qubit message;
qubit[2] pair;
bit[2] sent;
bit[1] arrived;

ry(pi / 3) message;  // sin^2(pi/6) = 1/4
h pair[0];
cx pair[0], pair[1];

cx message, pair[0];
h message;
sent[0] = measure message;
sent[1] = measure pair[0];

if (sent[1]) { x pair[1]; }
if (sent[0]) { z pair[1]; }
arrived[0] = measure pair[1];
