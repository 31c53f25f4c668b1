"""What every part is told by its environment. Each part adds its own fields; all names start with `QT_`."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
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

    @property
    def keys(self) -> Keys:
        """The Redis keys of this installation."""
        return Keys(self.key_prefix)
