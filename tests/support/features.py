"""Small programs, one for each feature of the language, with outcomes that were derived by hand.

Each is a body, after `include "stdgates.inc";`, and the counts of 1,000 shots that are the only ones possible.
"""

SHOTS = 1000

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Comments, names and directives": {
        "comments": ("bit c = 1; // c = 0;\nbit d; /* d = 1;\nd = 1; */", "01"),
        "names of any script": ("int[4] \u03b8_1 = 5; bit[4] c = bit[4](\u03b8_1);", "0101"),
        "capital letters make another name": ("int[4] a = 1; int[4] A = 2; bit[4] c = bit[4](A);", "0010"),
        "constants that every program knows": (
            "bit c = \u03c0 == pi; bit d = tau == 2 * \u03c0; bit e = log(\u2107) == 1;",
            "111",
        ),
        "annotations and pragmas": ("#pragma ideal\n@fast\nqubit q;\n@slow now\nx q; bit c = measure q;", "1"),
        "calibrations that a pragma has left out": (
            "pragma quantum-tasks ignore calibrations\ndefcal x $0 { play(drive($0)); } x $0; bit c = measure $0;",
            "1",
        ),
        "a pragma of OpenQASM 3.0": ("pragma ideal or not\nbit c = 1;", "1"),
        "the gates may be included again": ('include "stdgates.inc"; qubit q; x q; bit c = measure q;', "1"),
    },
    "Integers": {
        "addition": ("int[8] i = 100; i += 27; bit[8] c = bit[8](i);", "01111111"),
        "overflow turns over": ("int[8] i = 127; i += 1; bit[8] c = bit[8](i);", "10000000"),
        "unsigned overflow": ("uint[4] i = 15; i += 2; bit[4] c = bit[4](i);", "0001"),
        "unsigned underflow": ("uint[4] i = 1; i -= 2; bit[4] c = bit[4](i);", "1111"),
        "multiplication": ("int[8] i = 7; i *= 6; bit[8] c = bit[8](i);", "00101010"),
        "division goes towards zero": ("int[8] i = -7; i = i / 2; bit[8] c = bit[8](i);", "11111101"),
        "the remainder has the sign of the left": ("int[8] i = -7; i %= 4; bit[8] c = bit[8](i);", "11111101"),
        "power": ("int[16] i = 3; i = i ** 5; bit[16] c = bit[16](i);", "0000000011110011"),
        "power goes right to left": ("const int i = 2 ** 3 ** 2; bit[10] c = bit[10](i);", "1000000000"),
        "minus binds looser than power": ("const int i = -2 ** 2; bit[4] c = bit[4](i);", "1100"),
        "shift to the left": ("uint[4] i = 5; i <<= 1; bit[4] c = bit[4](i);", "1010"),
        "shift to the right keeps the sign": ("int[4] i = -4; i >>= 1; bit[4] c = bit[4](i);", "1110"),
        "a shift by more than the width": ("uint[4] i = 5; i <<= 9; bit[4] c = bit[4](i);", "0000"),
        "bitwise": ("uint[4] i = 12; i = (i & 10) | (i ^ 5); bit[4] c = bit[4](i);", "1001"),
        "not of bits": ("uint[4] i = 5; i = ~i; bit[4] c = bit[4](i);", "1010"),
        "numbers in other bases": ("bit[8] c = bit[8](0xf0 | 0b11 | 0o10); ", "11111011"),
        "underscores": ("bit[8] c = bit[8](1_0_0); ", "01100100"),
        "a wide integer": ("uint[100] i = 1; i <<= 99; bit c; c = i[99];", "1"),
        "every assignment": (
            "uint[8] i = 1; i += 9; i -= 2; i *= 3; i /= 5; i **= 2; i <<= 2; i >>= 1; i |= 5; i &= 36; i ^= 7; i %= 16; bit[8] c = bit[8](i);",
            "00000011",
        ),
        "what binds tighter": ("bit c = 1 + 2 * 3 == 7 && 8 >> 1 + 1 == 2;", "1"),
        "bitwise operators bind differently": ("uint[4] i = 1 | 2 ^ 3 & 6; bit[4] c = bit[4](i);", "0001"),
        "what is wider than an int is unsigned": ("bit c = 9223372036854775808 > 0;", "1"),
        "a power with a long exponent": (
            "uint[8] i = 3; uint[64] n = 10 ** 18; i = i ** n; bit[8] c = bit[8](i);",
            "00000001",
        ),
    },
    "Comparisons and logic": {
        "comparison": ("int i = -1; bit c = i < 0;", "1"),
        "unsigned comparison after conversion": ("int[8] i = -1; uint[8] j = 1; bit c = i > j;", "1"),
        "logic": ("bool a = true; bool b = false; bit c = (a || b) && !b;", "1"),
        "a register is compared as a number": ('bit[3] c = "101"; bit d = c == 5;', "1 101"),
        "a bit is a truth": ("bit c = 1; bit d; if (c) d = 1;", "11"),
        "a bool": ("bool b = 3 > 2; bit c = b && !false;", "1"),
        "not a number": ("bit c = !5; bit d = !0;", "10"),
    },
    "Bits and registers": {
        "a bit string has bit 0 last": ('bit[4] c = "0001"; bit d = c[0];', "1 0001"),
        "a negative index": ('bit[4] c = "1000"; bit d = c[-1];', "1 1000"),
        "a range of bits": ('bit[4] c = "0110"; bit[2] d = c[1:2];', "11 0110"),
        "a range with a step": ('bit[6] c = "101010"; bit[3] d = c[1:2:5];', "111 101010"),
        "a reversed range": ('bit[4] c = "0001"; bit[4] d = c[3:-1:0];', "1000 0001"),
        "a set of bits": ('bit[4] c = "1010"; bit[2] d = c[{3, 0}];', "01 1010"),
        "an assigned bit": ("bit[3] c; c[1] = 1;", "010"),
        "an assigned range": ('bit[4] c; c[1:2] = "11";', "0110"),
        "bits of an integer": ("int[4] i = 0; i[3] = 1; bit[4] c = bit[4](i);", "1000"),
        "xor into a register": ('bit[4] c = "1100"; c ^= "1010";', "0110"),
        "rotation": ('bit[4] c = rotl("1001", 1);', "0011"),
        "popcount": ('bit[3] c = bit[3](popcount("1011"));', "011"),
        "a range that moves": ('bit[4] c; for int i in [0:1] { c[2 * i:2 * i + 1] = "01"; }', "0101"),
        "a range that moves backwards": ('bit[4] c; int i = 3; c[i:-1:i - 2] = "110";', "0110"),
        "an alias of bits that were picked then": ("bit[4] c; int i = 1; let a = c[i:i + 1]; i = 2; a[1] = 1;", "0100"),
        "an alias of registers together": (
            'bit[2] c; bit[3] d; let a = c ++ d; int i = 4; a = "10110"; a[i] = 0; a[0] |= c[1];',
            "001 11",
        ),
        "registers of no bits are in an alias": (
            'bit[2] c; bit[0] d; bit e; let a = c ++ d ++ e; a = "101"; a[1] = a[2];',
            "1 11",
        ),
        "an alias of bits of an alias": (
            "bit[2] c; bit[3] d; let a = c ++ d; let b = a[3:4] ++ a[0]; b[0] = 1; b[2] = b[0];",
            "010 01",
        ),
        "a measurement into registers together": (
            "bit[2] c; bit[3] d; let a = c ++ d; qubit[5] q; x q[1]; x q[4]; a = measure q;",
            "100 10",
        ),
        "an alias of bits": ("bit[4] c; let a = c[1:2]; a[0] = 1;", "0010"),
        "a rotation beyond the width": ('bit[4] c = rotr("0001", 6);', "0100"),
        "shifts and not of a register": ('bit[4] c = ~("0110" << 1);', "0011"),
        "a range of a range": ('bit[4] c = "0110"; bit d = c[1:3][2];', "0 0110"),
    },
    "Floats, angles, complex numbers, durations and casts": {
        "float to int goes towards zero": ("float f = -2.7; bit[4] c = bit[4](int(f));", "1110"),
        "float arithmetic": ("float[64] f = 1 / 2.0 + 0.25; bit c = f == 0.75;", "1"),
        "a float of 32 bits is rounded": ("float[32] f = 0.1; bit c = f == 0.1;", "0"),
        "functions": ("float f = sin(pi / 2) + sqrt(4) + floor(2.5); bit c = f == 5.0;", "1"),
        "complex": ("complex w = (1 + 2im) * (3 - 1im); bit c = real(w) == 5; bit d = imag(w) == 5;", "11"),
        "an angle is a fraction of a turn": ("angle[4] a = 7 * (pi / 8); bit[4] c = bit[4](a);", "0111"),
        "angles turn over": ("angle[4] a = 7 * (pi / 8); angle[4] b = pi / 8; bit[4] c = bit[4](b - a);", "1010"),
        "an angle times an integer": ("angle[4] a = 5 * (pi / 4); uint[4] i = 2; bit[4] c = bit[4](i * a);", "0100"),
        "an angle over an angle": ("angle[4] a = 5 * (pi / 4); angle[4] b = pi / 8; bit[4] c = bit[4](a / b);", "1010"),
        "an angle loses bits": ("angle[4] a = pi / 8; angle[2] b = a; bit[2] c = bit[2](b);", "00"),
        "durations": ("duration d = 1us; bit c = d / 100ns > 9.9;", "1"),
        "a constant of constants": ("const uint n = 2; const uint m = 2 * n - 1; bit[m] c = bit[m](5);", "101"),
        "floats as they may be written": ("float f = .5e1 + 1. + 1_0.5; bit c = f == 16.5;", "1"),
        "a float of 16 bits": ("float[16] f = 2049; bit c = f == 2048;", "1"),
        "a power of floats": ("float f = 2.0 ** -2; bit c = f == 0.25;", "1"),
        "the remainder of floats": ("bit c = mod(-7.5, 2.0) == -1.5; bit d = mod(-7, 4) == -3;", "11"),
        "a complex number of 32 bits": ("complex[float[32]] w = 2im; bit c = w * w == -4;", "1"),
        "bits of an angle": ("angle[4] a = pi; bit c = a[3];", "1"),
        "an angle is shifted": ("angle[4] a = pi / 4; a <<= 1; bit[4] c = bit[4](a);", "0100"),
        "an angle over an integer": ("angle[4] a = pi; a /= 2; bit[4] c = bit[4](a);", "0100"),
        "angles are compared": ("angle a = pi / 2; bit c = a < pi;", "1"),
        "an angle gets bits": ("angle[2] a = pi / 2; angle[4] b = a; bit[4] c = bit[4](b);", "0100"),
        "cycles of the backend": ("duration d = 3dt; bit c = 2 * d == 6dt; bit d2 = -d < 0dt;", "11"),
        "a bool of a number": ("bit c = bool(2); bit d = bool(0.0); bit e = bool(angle(pi));", "101"),
        "an unsigned integer below zero": ("uint[4] i = -1; bit[4] c = bit[4](i);", "1111"),
        "an integer that does not fit": ("bit c = int[4](15) == -1;", "1"),
        "an integer of bits has their sign": ('bit[4] b = "1111"; bit c = int[4](b) == -1;', "1 1111"),
        "an angle of bits": (
            'bit[4] b = "1000"; angle[4] a = angle[4](b); qubit q; rx(a) q; bit c = measure q;',
            "1 1000",
        ),
        "an integer becomes a float": ("int i = 7; float f = i; f /= 2; bit c = f == 3.5;", "1"),
    },
    "Control flow and scopes": {
        "if and else": ("bit c; int i = 3; if (i == 2) { c = 0; } else c = 1;", "1"),
        "a loop over a range has both ends": (
            "int[8] n = 0; for int i in [1:4] n += i; bit[8] c = bit[8](n);",
            "00001010",
        ),
        "a loop backwards": (
            "int[9] n = 0; for int i in [4:-2:0] { n *= 8; n += i; } bit[9] c = bit[9](n);",
            "100010000",
        ),
        "a loop over a set": ("int[8] n = 0; for int i in {1, 5, 10} n += i; bit[8] c = bit[8](n);", "00010000"),
        "a loop over bits": (
            'bit[4] c = "1011"; uint[3] n = 0; for bit b in c n += uint[3](b); bit[3] d = bit[3](n);',
            "011 1011",
        ),
        "an empty loop": ("bit c; for int i in [3:2] c = 1;", "0"),
        "the loop's variable is a copy": (
            "int[4] n; for int i in [0:2] { n += 1; i = 9; } bit[4] c = bit[4](n);",
            "0011",
        ),
        "while": ("int[8] i = 1; while (i < 50) i *= 3; bit[8] c = bit[8](i);", "01010001"),
        "break and continue": (
            "int[8] n = 0; for int i in [0:9] { if (i == 2) continue; if (i == 5) break; n += i; } bit[8] c = bit[8](n);",
            "00001000",
        ),
        "switch": (
            'bit[2] c; int i = 2; switch (i) { case 0 { c = "00"; } case 1, 2 { c = "10"; } default { c = "11"; } }',
            "10",
        ),
        "switch without a case that fits": ("bit c; int i = 7; switch (i) { case 0 { c = 1; } }", "0"),
        "end": ("bit[2] c; c[0] = 1; end; c[1] = 1;", "01"),
        "a scope hides and gives back": ("int[4] i = 1; { int[4] i = 5; i += 1; } bit[4] c = bit[4](i);", "0001"),
        "else if": ("int[4] i = 2; bit[2] c; if (i == 1) c[0] = 1; else if (i == 2) c[1] = 1; else c[0] = 1;", "10"),
        "a loop over floats": ("float a; for float f in {1.5, 2.5} a += f; bit c = a == 4;", "1"),
        "a loop from below zero": ("int[4] n; for int i in [-2:1] n += i; bit[4] c = bit[4](n);", "1110"),
        "break leaves the inner loop": (
            "int[8] n; for int i in [0:2] { for int j in [0:9] { if (j == 2) break; n += 1; } } bit[8] c = bit[8](n);",
            "00000110",
        ),
        "continue looks at the condition again": (
            "int[8] i; int[8] n; while (i < 5) { i += 1; if (i % 2 == 0) continue; n += i; } bit[8] c = bit[8](n);",
            "00001001",
        ),
        "break within a switch leaves the loop": (
            "int[4] n; for int i in [0:5] { switch (i) { case 3 { break; } default { n += 1; } } } bit[4] c = bit[4](n);",
            "0011",
        ),
        "a case is a constant expression": (
            "const int k = 2; bit c; int i = 5; switch (i) { case 2 * k + 1 { c = 1; } }",
            "1",
        ),
        "end within a loop": ("bit[4] c; for int i in [0:3] { c[i] = 1; if (i == 1) end; }", "0011"),
        "an extern that is not called": ("extern f(int) -> int; bit c = 1;", "1"),
        "an extern that is bound: the majority of bits": (
            'extern vote(bit[3]) -> bit; bit[3] c = "110"; bit d = vote(c); c[1] = 0; d ^= vote(c);',
            "1 100",
        ),
        "an extern that is bound by a pragma, and looks at its first argument": (
            'pragma quantum-tasks bind odd parity\nextern odd(bit[3], int) -> bit; bit[3] c = "100"; bit d = odd(c, 7);',
            "1 100",
        ),
        "an extern that is bound to nothing": (
            "pragma quantum-tasks bind note nothing\nextern note(int[8], float); bit c; note(3, 2.5); c = 1;",
            "1",
        ),
        "an extern that is bound: the parity of bits": (
            "extern parity(bit[4]) -> bit; qubit[4] q; x q[1:3]; bit[4] c = measure q; bit d = !parity(c) == false;",
            "1 1110",
        ),
    },
    "Arrays": {
        "an array": ("array[int[8], 3] a = {1, 2, 3}; a[1] += 5; bit[8] c = bit[8](a[1]);", "00000111"),
        "an array's last element": ("array[int[4], 3] a = {1, 2, 3}; bit[4] c = bit[4](a[-1]);", "0011"),
        "an index that is computed": ("array[int[4], 3] a; int i = 1; a[i + 1] = 6; bit[4] c = bit[4](a[2]);", "0110"),
        "rows and columns": (
            "array[int[4], 2, 3] a = {{1, 2, 3}, {4, 5, 6}}; bit[4] c = bit[4](a[1, 0] + a[0][2]);",
            "0111",
        ),
        "a row is assigned": (
            "array[int[4], 2, 2] a; array[int[4], 2] b = {3, 4}; a[1] = b; b[0] = 9; bit[4] c = bit[4](a[1, 0]);",
            "0011",
        ),
        "a slice is assigned": (
            "array[int[4], 4] a = {1, 2, 3, 4}; a[0:1] = a[2:3]; bit[4] c = bit[4](a[0] + a[1]);",
            "0111",
        ),
        "a column is assigned": (
            "array[int[4], 2, 2] a = {{1, 2}, {3, 4}}; a[0:1, 0] = a[0:1, 1]; bit[4] c = bit[4](a[1, 0] + a[0, 0]);",
            "0110",
        ),
        "an array of a row": (
            "array[int[4], 2] a = {1, 2}; array[int[4], 2, 2] b = {a, a}; bit[4] c = bit[4](b[1, 1]);",
            "0010",
        ),
        "the size of an array": ("array[float, 5, 3] a; bit[8] c = bit[8](10 * sizeof(a) + sizeof(a, 1));", "00110101"),
        "a slice that moves": (
            "array[int[8], 4] a = {1, 2, 3, 4}; int i = 1; array[int[8], 2] b = a[i:i + 1]; bit[8] c = bit[8](b[1]);",
            "00000011",
        ),
        "a loop over an array": (
            "array[int[4], 3] a = {1, 2, 4}; int[4] n; for int[4] i in a n += i; bit[4] c = bit[4](n);",
            "0111",
        ),
        "a bit of an element": ("array[int[4], 2] a; a[1][3] = 1; bit c = a[1] == -8; bit d = a[1] < 0;", "11"),
        "the sign bit of an integer": ("int[4] i; i[3] = 1; bit c = i == -8;", "1"),
        "a subroutine reads an array": (
            "def f(readonly array[int, 2] a) -> int { return a[1]; } array[int, 2] b = {1, 5}; bit[4] c = bit[4](f(b));",
            "0101",
        ),
        "a subroutine of arrays of any length": (
            "def f(readonly array[int, #dim=1] a) -> int { return sizeof(a); } array[int, 2] b; bit[4] c = bit[4](f(b));",
            "0010",
        ),
        "a subroutine changes an array": (
            "def f(mutable array[int[8], 2] a) { a[1] = 7; } array[int[8], 3] b; f(b[1:2]); bit[8] c = bit[8](b[2]);",
            "00000111",
        ),
        "an array is a copy": (
            "array[int[4], 2] a = {1, 2}; array[int[4], 2] b = a; b[0] = 7; bit[4] c = bit[4](a[0]);",
            "0001",
        ),
        "elements of another type": ("array[float, 2] a = {1, 2}; bit c = a[1] / 4 == 0.5;", "1"),
        "an array of angles": ("array[angle[4], 2] a = {pi, pi / 2}; bit[4] c = bit[4](a[0] + a[1]);", "1100"),
        "an array of truths": ("array[bool, 2] a = {false, true}; bit c = a[1] && !a[0];", "1"),
        "a slice with a step": (
            "array[int[4], 5] a = {1, 2, 3, 4, 5}; array[int[4], 3] b = a[0:2:4]; bit[4] c = bit[4](b[0] + b[2]);",
            "0110",
        ),
    },
    "Subroutines": {
        "a subroutine": ("def f(int[8] i) -> int[8] { return 2 * i + 1; } bit[8] c = bit[8](f(20));", "00101001"),
        "a subroutine of qubits": ("def f(qubit a) -> bit { x a; return measure a; } qubit q; bit c = f(q);", "1"),
        "recursion": (
            "def f(int[8] i) -> int[8] { if (i <= 1) { return 1; } return i * f(i - 1); } bit[8] c = bit[8](f(5));",
            "01111000",
        ),
        "arguments are copies": ("def f(int[4] i) { i += 1; } int[4] i = 1; f(i); bit[4] c = bit[4](i);", "0001"),
        "end within a subroutine": ("bit[2] c; def f() { end; } c[0] = 1; f(); c[1] = 1;", "01"),
        "a subroutine of the result of one": (
            "def f(int[8] i) -> int[8] { return 3 * i; } bit[8] c = bit[8](f(f(2)));",
            "00010010",
        ),
        "a subroutine calls another": (
            "def f(qubit a) { x a; } def g(qubit[2] a) { f(a[1]); } qubit[2] q; g(q); bit[2] c = measure q;",
            "10",
        ),
        "a subroutine returns a register": (
            "def f(qubit[2] a) -> bit[2] { return measure a; } qubit[2] q; x q[1]; bit[2] c = f(q);",
            "10",
        ),
        "what is returned may be left": (
            "def f(qubit a) -> bit { x a; return measure a; } qubit q; f(q); bit c = measure q;",
            "1",
        ),
        "constants are seen in a subroutine": (
            "const int n = 3; def f() -> int { return n; } bit[4] c = bit[4](f());",
            "0011",
        ),
        "a return in a loop": (
            "def f() -> int[4] { for int i in [0:9] { if (i * i > 10) { return i; } } return -1; } bit[4] c = bit[4](f());",
            "0100",
        ),
    },
    "Gates of stdgates.inc": {
        "x, y and h": ("qubit[3] q; x q[0]; y q[1]; h q[2]; h q[2]; bit[3] c = measure q;", "011"),
        "z, s, sdg, t and tdg": ("qubit q; h q; z q; s q; sdg q; t q; tdg q; id q; h q; bit c = measure q;", "1"),
        "four of t are z": ("qubit q; h q; t q; t q; t q; t q; h q; bit c = measure q;", "1"),
        "p, phase and u1": ("qubit q; h q; p(pi / 2) q; phase(pi / 4) q; u1(pi / 4) q; h q; bit c = measure q;", "1"),
        "rx, ry and rz": (
            "qubit[3] q; rx(pi) q[0]; ry(pi) q[1]; h q[2]; rz(pi) q[2]; h q[2]; bit[3] c = measure q;",
            "111",
        ),
        "u2 and u3": ("qubit[2] q; u2(0, pi) q[0]; u2(0, pi) q[0]; u3(pi, 0, pi) q[1]; bit[2] c = measure q;", "10"),
        "U": ("qubit q; U(pi, 0, pi) q; bit c = measure q;", "1"),
        "cx, CX and cy": (
            "qubit[4] q; x q[0]; cx q[0], q[1]; CX q[0], q[2]; cy q[0], q[3]; bit[4] c = measure q;",
            "1111",
        ),
        "cz and cp": (
            "qubit[3] q; x q[0]; h q[1:2]; cz q[0], q[1]; cp(pi / 2) q[0], q[2]; cphase(pi / 2) q[0], q[2]; h q[1:2]; bit[3] c = measure q;",
            "111",
        ),
        "ch": ("qubit[2] q; x q[0]; ch q[0], q[1]; h q[1]; bit[2] c = measure q;", "01"),
        "crx, cry and crz": (
            "qubit[2] q; x q[0]; crx(pi) q[0], q[1]; cry(pi) q[0], q[1]; h q[1]; crz(pi) q[0], q[1]; h q[1]; bit[2] c = measure q;",
            "11",
        ),
        "cu": ("qubit[2] q; x q[0]; cu(pi, 0, pi, 0) q[0], q[1]; bit[2] c = measure q;", "11"),
        "ccx and cswap": (
            "qubit[4] q; x q[0:1]; ccx q[0], q[1], q[2]; cswap q[0], q[1], q[3]; bit[4] c = measure q;",
            "1101",
        ),
    },
    "Timing": {
        "a box of a given time": ("qubit q; box[10us] { x q; } bit c = measure q;", "1"),
        "a delay of several qubits": (
            "qubit[2] q; duration d = 2us; x q; delay[d / 2] q; delay[3dt] q[0], q[1]; bit[2] c = measure q;",
            "11",
        ),
        "a stretch": ("qubit q; stretch a; x q; delay[a] q; delay[2 * a] q; bit c = measure q;", "1"),
        "how long operations take": ("duration d = durationof({ U(1, 2, 3) $0; }); bit c = d == 0ns;", "1"),
    },
    "Qubits, gates and measurements": {
        "x": ("qubit q; x q; bit c = measure q;", "1"),
        "a register of gates": ("qubit[3] q; x q; bit[3] c = measure q;", "111"),
        "a gate beside a register": ("qubit q; qubit[2] r; x q; cx q, r; bit[2] c = measure r;", "11"),
        "registers side by side": ("qubit[2] q; qubit[2] r; x q[1]; cx q, r; bit[2] c = measure r;", "10"),
        "a defined gate": (
            "gate g(a) q, r { ry(a) q; cx q, r; } qubit[2] q; g(pi) q[0], q[1]; bit[2] c = measure q;",
            "11",
        ),
        "a loop in a gate": ("gate g q { for int i in [0:2] { x q; } } qubit q; g q; bit c = measure q;", "1"),
        "inverse": ("qubit q; s q; inv @ s q; h q; h q; x q; bit c = measure q;", "1"),
        "power of a gate": ("qubit q; pow(2) @ sx q; bit c = measure q;", "1"),
        "half a gate, twice": ("qubit q; pow(0.5) @ x q; pow(1/2.0) @ x q; bit c = measure q;", "1"),
        "a power below zero": ("qubit q; pow(-3) @ rx(pi) q; bit c = measure q;", "1"),
        "controls": ("qubit[3] q; x q[0:1]; ctrl(2) @ x q[0], q[1], q[2]; bit[3] c = measure q;", "111"),
        "controls for zero": ("qubit[2] q; negctrl @ x q[0], q[1]; bit[2] c = measure q;", "10"),
        "a controlled phase is a gate": ("qubit q; h q; ctrl @ gphase(pi) q; h q; bit c = measure q;", "1"),
        "a controlled gate of others": (
            "gate g a, b { h a; cx a, b; } qubit[3] q; x q[0]; ctrl @ g q; ctrl @ inv @ g q; bit[3] c = measure q;".replace(
                "g q;", "g q[0], q[1], q[2];"
            ),
            "001",
        ),
        "U is as the specification has it": (
            "qubit[2] q; h q[0]; ctrl @ U(2 * pi, 0, 0) q[0], q[1]; h q[0]; bit[2] c = measure q;",
            "00",
        ),
        "an angle turns a gate": ("angle[8] a = pi; qubit q; ry(a) q; bit c = measure q;", "1"),
        "reset": ("qubit q; x q; reset q; bit c = measure q;", "0"),
        "an alias of qubits": ("qubit[4] q; let a = q[1:2] ++ q[0]; x a[0]; x a[2]; bit[4] c = measure q;", "0011"),
        "qubits of a range that moves": (
            "qubit[4] q; for int i in [0:2] { x q[i:i + 1]; } bit[4] c = measure q;",
            "1001",
        ),
        "an index that is known at run time": (
            "qubit[3] q; for int i in [0:2] { if (i != 1) x q[i]; } bit[3] c = measure q;",
            "101",
        ),
        "a qubit of the machine": ("x $3; bit c = measure $3;", "1"),
        "swap": ("qubit[2] q; x q[0]; swap q[0], q[1]; bit[2] c = measure q;", "10"),
        "a measured qubit goes on": ("qubit q; h q; bit c = measure q; if (c) x q; bit d = measure q; c = 0;", "00"),
        "feed-forward": (
            "qubit[2] q; h q[0]; bit c = measure q[0]; if (c) x q[1]; bit d = measure q[1]; c ^= d; d = 0;",
            "00",
        ),
        "repeat until success": ("qubit q; bit c = 0; while (!c) { reset q; h q; c = measure q; }", "1"),
        "what was measured is counted": (
            "qubit q; uint[4] n; for int i in [0:7] { h q; bit b = measure q; if (b) x q; n += 1; } bit[4] c = bit[4](n);",
            "1000",
        ),
        "a measured angle": ("qubit q; x q; angle[2] a; measure q -> a[1]; bit[2] c = bit[2](a);", "10"),
        "measurement into part of a register": ("qubit[2] q; x q; bit[4] c; c[1:2] = measure q;", "0110"),
        "a barrier, a delay and a box": ("qubit q; x q; barrier q; box { delay[10ns] q; } bit c = measure q;", "1"),
        "a legacy register": ("qreg q[2]; creg c[2]; x q[1]; measure q -> c;", "10"),
        "a legacy call": ("def f(qubit a) { x a; } qubit q; f q; bit c = measure q;", "1"),
        "a gate that does nothing": ("gate nothing q { } qubit q; x q; nothing q; bit c = measure q;", "1"),
        "a gate computes with its parameters": (
            "gate g(a, b) q { rx(a + 2 * b) q; } qubit q; g(pi / 2, pi / 4) q; bit c = measure q;",
            "1",
        ),
        "a phase in a gate": (
            "gate g q { gphase(pi); } qubit[2] q; h q[0]; ctrl @ g q[0], q[1]; h q[0]; bit[2] c = measure q;",
            "01",
        ),
        "modifiers in a gate": (
            "gate g a, b, d { ctrl @ negctrl @ x a, b, d; } qubit[3] q; x q[0]; g q[0], q[1], q[2]; bit[3] c = measure q;",
            "101",
        ),
        "the inverse of a defined gate": (
            "gate g(a) q { h q; rz(a) q; } qubit q; g(1) q; inv @ g(1) q; x q; bit c = measure q;",
            "1",
        ),
        "modifiers of modifiers": (
            "qubit[2] q; x q[0]; ctrl @ pow(0.5) @ inv @ x q[0], q[1]; ctrl @ sx q[0], q[1]; bit[2] c = measure q;",
            "11",
        ),
        "controls of registers": ("qubit[2] q; qubit[2] r; x q[0]; ctrl @ x q, r; bit[2] c = measure r;", "01"),
        "two controls for zero": ("qubit[3] q; negctrl(2) @ x q[0], q[1], q[2]; bit[3] c = measure q;", "100"),
        "a register is reset": ("qubit[2] q; h q; reset q; bit[2] c = measure q;", "00"),
        "an outcome that nobody keeps": ("qubit q; x q; measure q; bit c = measure q;", "1"),
        "a barrier of everything": ("qubit q; x q; barrier; bit c = measure q;", "1"),
    },
}

EXACT = {name: feature for section in SECTIONS.values() for name, feature in section.items()}
"""Every feature, whatever its section."""
