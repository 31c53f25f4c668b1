nop q1, q2,;
