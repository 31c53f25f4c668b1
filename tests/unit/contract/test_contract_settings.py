"""Settings: what a wrong one says."""

from typing import Annotated

import pytest
from pydantic import Field, SecretStr, model_validator
from quantum_tasks.settings import Settings


class Example(Settings):
    """Settings of a part of a test's own."""

    seconds: Annotated[float, Field(gt=0)] = 1
    secret: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _has_a_short_secret(self) -> "Example":
        if len(self.secret.get_secret_value()) > 5:
            raise ValueError("a shorter QT_SECRET is needed")
        return self


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"QT_SECONDS": "soon"}, "QT_SECONDS: Input should be a valid number, unable to parse string as a number"),
        ({"QT_SECONDS": "0"}, "QT_SECONDS: Input should be greater than 0"),
        ({"QT_LOG_LEVEL": "loud"}, "QT_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'"),
        ({"QT_SECRET": "hunter2"}, "a shorter QT_SECRET is needed"),
        (
            {"QT_SECONDS": "0", "QT_LOG_FORMAT": "prose"},
            "QT_LOG_FORMAT: Input should be 'auto', 'console' or 'json'\nQT_SECONDS: Input should be greater than 0",
        ),
    ],
)
def test_wrong_settings_end_the_process_in_a_line_each(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], told: str
) -> None:
    """The variable and what is wrong with it are said, and never its value."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        Example.of_this_process()
    assert ended.value.code == told
    assert "hunter2" not in str(ended.value.code)


def test_right_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says is what there is."""
    monkeypatch.setenv("QT_SECONDS", "2.5")
    assert Example.of_this_process().seconds == 2.5
