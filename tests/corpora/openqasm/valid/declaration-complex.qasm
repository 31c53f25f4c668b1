complex[float] a;
complex[float] b = 4 - 5.5im;
complex[float[64]] d = a + 3 im;
complex[float[32]] c = a ** b;
complex[float] e = 1im;
complex[float] f = 1	im;
complex z;
