"""What every part is told by its environment. Each part adds its own fields; all names start with `QT_`."""

from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from quantum_tasks.keys import Keys
from quantum_tasks.logs import LogFormat, LogLevel


class Settings(BaseSettings):
    """The settings that all parts share."""

    model_config = SettingsConfigDict(env_prefix="QT_", frozen=True)

    redis_url: Annotated[
        SecretStr, Field(description="Redis: `redis://`, `rediss://` or `unix://`; may hold a password")
    ] = SecretStr("redis://localhost:6379/0")
    key_prefix: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$"), Field(description="First part of every Redis key")
    ] = "qt"
    log_format: LogFormat = LogFormat.AUTO
    log_level: LogLevel = LogLevel.INFO

    @classmethod
    def of_this_process(cls) -> Self:
        """Read the environment. Raises SystemExit that says what is wrong: a line for each variable, and no values."""
        try:
            return cls()
        except ValidationError as error:
            raise SystemExit("\n".join(complaints(error, prefix="QT_"))) from None

    @property
    def keys(self) -> Keys:
        """The Redis keys of this installation."""
        return Keys(self.key_prefix)


def complaints(error: ValidationError, *, prefix: str = "") -> list[str]:
    """What is wrong with what was read, a line for each place. `prefix` makes variables of the places' names.

    The values themselves are left out: they may be secret.
    """
    return [
        ": ".join(filter(None, (_place(found["loc"], prefix), _why(dict(found)))))
        for found in error.errors(include_url=False, include_input=False)
    ]


def _place(loc: tuple[int | str, ...], prefix: str) -> str:
    name = ".".join(map(str, loc))
    return f"{prefix}{name.upper()}" if prefix and name else name


def _why(found: dict[str, Any]) -> str:
    return str(found["ctx"]["error"] if found["type"] == "value_error" else found["msg"])
