OPENQASM 3.0;
include "stdgates.inc";
input angle[32] param1;
input angle[32] param2;
output bit result;
