cal {}
cal {One long, otherwise invalid token.}
cal {Outer {nested} outer}
