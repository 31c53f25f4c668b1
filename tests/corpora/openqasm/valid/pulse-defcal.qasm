defcal x $0 {}
defcal measure $0 -> bit {Outer {nested} outer}
defcal rz(angle[20] theta) q {£$&£*(")}
defcal rz(pi / 2) q {Symbolic expression.}
