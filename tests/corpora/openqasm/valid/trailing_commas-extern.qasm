extern fun(int, int,) -> int;
