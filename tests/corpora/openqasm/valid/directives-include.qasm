include 'foo2';
include "foo";
include "001";
