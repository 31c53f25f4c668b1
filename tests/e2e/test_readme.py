"""The README is true: its commands are run, in order, and print what it says."""

import os
import re
import subprocess
from pathlib import Path

import yaml
from quantum_api.settings import ApiSettings
from quantum_runner.settings import RunnerSettings
from support.pages import assert_printed, steps
from support.tools import require

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ON_KUBERNETES = "## On Kubernetes\n"
"""The heading of the section that needs a cluster: `kubernetes/test_docs.py` runs it."""


def sections() -> tuple[str, str]:
    """The README without the section that needs a cluster, and that section."""
    before, _, rest = README.partition(ON_KUBERNETES)
    cluster, heading, after = rest.partition("\n## ")
    return before + heading + after, cluster


def test_the_readmes_commands_print_what_it_says(base_url: str, tmp_path: Path) -> None:
    """Each command of the README that needs no cluster succeeds, and its output matches the one shown."""
    require("bash", "curl", "make")
    found = steps(sections()[0])
    assert len(found) > 5
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "COV"))}
    for command, expected in found:
        where = ROOT if command.startswith("make") else tmp_path
        local = command.replace("http://127.0.0.1:8000", base_url)
        done = subprocess.run(
            ["bash", "-c", local], cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, (command, done.stderr)
        assert_printed(command, expected, done.stdout)


def _settings_table() -> dict[str, str]:
    """The variables of the table, with the default beside each."""
    rows = [row.split("|")[1:3] for row in README.splitlines() if row.startswith("| `QT_")]
    pairs = [zip(re.findall(r"QT_\w+", names), defaults.split(","), strict=False) for names, defaults in rows]
    return {name: default.strip("` ") for row in pairs for name, default in row}


def test_the_readmes_settings_are_the_codes() -> None:
    """Every variable of the table is a setting, and where the default is a number or an address it is the code's."""
    fields = {**ApiSettings.model_fields, **RunnerSettings.model_fields}
    table = _settings_table()
    assert len(table) > 10
    for name, default in table.items():
        told = fields[name.removeprefix("QT_").lower()].default
        if isinstance(told, int | float):
            assert float(default) == told, name
    assert table["QT_HOST"] == fields["host"].default
    assert table["QT_REDIS_URL"] == fields["redis_url"].default.get_secret_value()


def test_compose_passes_the_readmes_settings_on() -> None:
    """Every variable of the table but the addresses reaches the containers from the caller's environment."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    passed = {name for part in ("api_server", "worker") for name in services[part]["environment"]}
    assert set(_settings_table()) - {"QT_REDIS_URL", "QT_HOST", "QT_PORT"} <= passed
