extern test_kern(bit[5], uint[10], float[16], complex[float[64]]) -> float[6];
