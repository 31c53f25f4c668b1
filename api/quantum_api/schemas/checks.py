"""What is said of a program that was checked."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from quantum_qasm.check import Checked
from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.figures import figures_of
from quantum_qasm.plans import plan_of
from quantum_tasks.errors import Code
from quantum_tasks.task import Engine, Method


class DiagnosticBody(BaseModel):
    """One thing that is wrong with a program, or that may not be meant. Lines and columns count from 1."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    code: Code
    message: str
    line: int
    column: int
    end_line: int
    end_column: Annotated[int, Field(description="The column of the last character")]
    hint: Annotated[str | None, Field(description="What may be meant instead")] = None

    @classmethod
    def of(cls, found: Diagnostic) -> Self:
        """Read what the front end says."""
        span = found.span
        return cls(
            code=found.code,
            message=found.message,
            line=span.start_line,
            column=span.start_column + 1,
            end_line=span.end_line,
            end_column=max(span.end_column, 1),
            hint=found.hint or None,
        )


class CheckedCircuit(BaseModel):
    """What a check of a program found."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "valid": True,
                    "errors": [],
                    "warnings": [],
                    "qubits": 2,
                    "bits": 2,
                    "depth": 3,
                    "gates": {"h": 1, "cx": 1},
                    "engine": "direct",
                    "method": "statevector",
                    "memoryBytes": 64,
                }
            ]
        },
    )

    valid: Annotated[bool, Field(description="Whether there is no error")]
    errors: list[DiagnosticBody]
    warnings: list[DiagnosticBody]
    qubits: Annotated[int | None, Field(description="Qubits that are declared; null where there is an error")] = None
    bits: Annotated[int | None, Field(description="Bits that are counted; null where there is an error")] = None
    depth: Annotated[
        int | None,
        Field(description="The longest row of gates, measurements and resets each of which waits for the one before"),
    ] = None
    gates: Annotated[
        Mapping[str, int] | None,
        Field(
            description="How often each gate is applied, by its name with its modifiers; a register's qubits each count"
        ),
    ] = None
    engine: Annotated[
        Engine | None, Field(description="What would run a task of it; null where that is not known yet")
    ] = None
    method: Annotated[
        Method | None, Field(description="The method that would run it with 1,024 shots, if none is asked for")
    ] = None
    memory_bytes: Annotated[
        int | None, Field(description="What its state takes, at the most; where the method is null, as a state vector")
    ] = None

    @classmethod
    def of(cls, qasm: str, checked: Checked) -> Self:
        """Read what the front end says, and find the figures."""
        program = checked.program
        figures = None if program is None else figures_of(program)
        plan = plan_of(qasm, checked, figures)
        return cls(
            valid=not checked.errors,
            errors=[DiagnosticBody.of(found) for found in checked.errors],
            warnings=[DiagnosticBody.of(found) for found in checked.warnings],
            qubits=None if program is None else program.qubits,
            bits=None if program is None else program.bits,
            depth=None if figures is None else figures.depth,
            gates=None if figures is None else figures.gates,
            engine=plan.engine,
            method=plan.method,
            memory_bytes=plan.memory_bytes,
        )
