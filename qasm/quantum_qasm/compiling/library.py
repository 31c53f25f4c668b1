"""The gates that every program knows, and those of `stdgates.inc`."""

from quantum_qasm.ir import Gate

BUILT_IN = {"U": Gate("U", 3, 1), "gphase": Gate("gphase", 1, 0)}

STANDARD = {
    name: Gate(name, parameters, qubits)
    for (parameters, qubits), names in {
        (0, 1): "x y z h s sdg t tdg sx id",
        (1, 1): "p rx ry rz phase u1",
        (2, 1): "u2",
        (3, 1): "u3",
        (0, 2): "cx cy cz ch swap CX",
        (1, 2): "cp crx cry crz cphase",
        (4, 2): "cu",
        (0, 3): "ccx cswap",
    }.items()
    for name in names.split()
}

ELSEWHERE = {
    **dict.fromkeys(("u", "u0", "cu1", "cu3", "rzz", "rxx", "iswap", "sxdg", "csx", "c3x", "c4x", "rccx"), "Qiskit"),
}
"""Gates that are known by name elsewhere, for hints."""
