"""The operator's settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from quantum_operator.pod_template import Layer, PodTemplate
from quantum_operator.settings import OperatorSettings

PASSWORDS = {
    "password": "redis://:secret@redis:6379/0",
    "user-and-password": "rediss://me:secret@redis:6379/0",
    "in-the-query": "redis://redis:6379/0?password=secret",
    "of-a-key": "rediss://redis:6379/0?ssl_keyfile=/tls/tls.key&ssl_password=secret",
    "unix-socket": "unix:///run/redis.sock?db=0&password=secret",
}


@pytest.fixture(autouse=True)
def _no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_REDIS_URL", "QT_RUNNER_REDIS_URL", "QT_RUNNER_REDIS_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("url", PASSWORDS.values(), ids=PASSWORDS.keys())
@pytest.mark.parametrize("name", ["redis_url", "runner_redis_url"])
def test_a_password_never_gets_into_a_pods_manifest(name: str, url: str) -> None:
    """A URL with a password is refused where it would be written into Jobs, and the error does not repeat it."""
    with pytest.raises(ValidationError, match="QT_RUNNER_REDIS_SECRET") as refused:
        OperatorSettings.model_validate({name: SecretStr(url)})
    assert "secret@" not in str(refused.value)
    assert "=secret" not in str(refused.value)


@pytest.mark.parametrize("url", PASSWORDS.values(), ids=PASSWORDS.keys())
def test_the_operators_own_password_is_its_own(url: str) -> None:
    """The operator's URL may have a password when its Pods get theirs from a Secret, or another one without."""
    by_secret = OperatorSettings(redis_url=SecretStr(url), runner_redis_secret="qt-redis")  # noqa: S106 - its name
    by_url = OperatorSettings(redis_url=SecretStr(url), runner_redis_url=SecretStr("redis://redis:6379/0"))
    assert by_secret.redis_url.get_secret_value() == by_url.redis_url.get_secret_value() == url


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting is read from `QT_...`."""
    monkeypatch.setenv("QT_NAMESPACE", "lab")
    monkeypatch.setenv("QT_BACKOFF_LIMIT", "5")
    settings = OperatorSettings.of_this_process()
    assert (settings.namespace, settings.backoff_limit) == ("lab", 5)


def test_a_pod_template_is_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable is the file's path, and the file is read with the settings."""
    path = tmp_path / "runner.yaml"
    path.write_text("spec: {priorityClassName: low}")
    monkeypatch.setenv("QT_RUNNER_POD_TEMPLATE", str(path))
    settings = OperatorSettings.of_this_process()
    assert settings.runner_pod_template == PodTemplate((Layer(spec={"priorityClassName": "low"}),))
    assert settings.pool_pod_template is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("concurrency", 0),
        ("backoff_limit", -1),
        ("backoff_limit", 101),
        ("max_memory_mb", 1),
        ("resync_seconds", 0),
        ("probe_port", 70_000),
        ("runner_pull_policy", "Sometimes"),
        ("check_seconds", 0),
        ("queue_name", ""),
        ("queue_name", "-a"),
        ("queue_name", "a b"),
        ("queue_name", "a" * 64),
        ("runner_pod_template", "/nowhere/runner.yaml"),
        ("pool_pod_template", "/nowhere/pool.yaml"),
    ],
)
def test_senseless_settings_are_refused(name: str, value: object) -> None:
    """Values out of their bounds are errors at the start."""
    with pytest.raises(ValidationError, match=name):
        OperatorSettings.model_validate({name: value})
