OPENQASM int;
OPENQASM 'hello, world';
OPENQASM 3 3;
OPENQASM 3.x;
include 3;
include include;
include def;
include "hello;
