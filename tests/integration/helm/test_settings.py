"""What the chart gives to API and operator are their settings, and its values are in the settings' bounds."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from quantum_api.settings import ApiSettings
from quantum_operator.jobs import samples
from quantum_operator.settings import OperatorSettings
from quantum_tasks.settings import Settings
from support.helm import CHART, VARIANTS, Object, chart_values, environment, everything, render
from support.schemas import Leaf, leaves, nested

SETTINGS: dict[str, type[Settings]] = {"api": ApiSettings, "operator": OperatorSettings}
NOT_SETTINGS = {"SSL_CERT_FILE"}

OTHER_DEFAULTS = {
    "api": {
        *("QT_BACKEND", "QT_NAMESPACE", "QT_REDIS_URL"),
        "QT_TTL_SECONDS_AFTER_FINISHED",  # a week, so that Redis does not fill up
        "QT_LOG_FORMAT",  # `auto` would find no terminal either
        "QT_METRICS_PORT",  # one of their own, which a policy can close
    },
    "operator": {
        *("QT_NAMESPACE", "QT_REDIS_URL", "QT_RUNNER_REDIS_SECRET"),
        "QT_RUNNER_IMAGE",  # with the chart's version
        *("QT_RUNNER_POD_TEMPLATE", "QT_POOL_POD_TEMPLATE"),
        "QT_LOG_FORMAT",
    },
}
"""Settings that are other in the chart than without it, and why where that is not plain."""

NO_VALUE = {
    "api": {
        *("QT_HOST", "QT_PORT"),  # the image's
        "QT_API_PROCESSES",  # more Pods do the same
        *("QT_REDIS_CONNECTIONS", "QT_REDIS_TIMEOUT_SECONDS", "QT_CLUSTER_CONNECTIONS", "QT_CLUSTER_TIMEOUT_SECONDS"),
        *("QT_KEEP_ALIVE_SECONDS", "QT_SHUTDOWN_SECONDS", "QT_ACCESS_LOG"),
    },
    "operator": {
        "QT_PROBE_PORT",  # the probes'
        "QT_RUNNER_REDIS_URL",  # told by a Secret
        *("QT_REDIS_CONNECTIONS", "QT_REDIS_TIMEOUT_SECONDS", "QT_CLUSTER_TIMEOUT_SECONDS"),
    },
}
"""Settings that no value is for; they can be given by `extraEnv`."""

each_part = pytest.mark.parametrize("part", SETTINGS)
each_variant = pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS.keys())


def _names(part: str) -> set[str]:
    return {f"QT_{name.upper()}" for name in SETTINGS[part].model_fields}


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """This process's environment, without settings."""
    for name in sorted(_names("api") | _names("operator")):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@each_part
def test_variables_are_settings(part: str) -> None:
    """Whatever the chart gives to a part is a setting of the part."""
    given = {name for values in VARIANTS.values() for name in render(values).pod(f"-{part}").env}
    extra = {each["name"] for each in everything()[part]["extraEnv"]}
    assert given - extra - NOT_SETTINGS - _names(part) == set()


@each_part
def test_every_setting_can_be_reached(part: str) -> None:
    """A setting has a value in the chart, or is one of a few that have none."""
    given = {name for values in VARIANTS.values() for name in render(values).pod(f"-{part}").env}
    extra = {each["name"] for each in everything()[part]["extraEnv"]}
    assert _names(part) - (given - extra) == NO_VALUE[part]


@each_part
def test_defaults_are_the_settings_own(part: str, tmp_path: Path, no_settings: pytest.MonkeyPatch) -> None:
    """What the chart gives is what the part takes without it, but for a few settings."""
    for name, value in environment(render(), part, tmp_path).items():
        no_settings.setenv(name, value)
    of_the_chart = SETTINGS[part]()
    fields = SETTINGS[part].model_fields
    other = {f"QT_{name.upper()}" for name, field in fields.items() if getattr(of_the_chart, name) != field.default}
    assert other == OTHER_DEFAULTS[part]


@each_part
@each_variant
def test_parts_start_with_what_they_are_given(
    part: str, values: Object, tmp_path: Path, no_settings: pytest.MonkeyPatch
) -> None:
    """The settings take the variables of every variant of the chart."""
    for name, value in environment(render(values), part, tmp_path).items():
        no_settings.setenv(name, value)
    settings = SETTINGS[part].of_this_process()
    assert settings.key_prefix == values.get("keyPrefix", "qt")


@each_part
@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_what_the_chart_takes_the_parts_take(
    part: str, bound: str, tmp_path: Path, no_settings: pytest.MonkeyPatch
) -> None:
    """A part starts with the least, and with the most, that the chart's schema takes."""
    values: Object = {}
    for leaf in leaves(json.loads((CHART / "values.schema.json").read_text("utf-8"))):
        if leaf.path[0] in ("tasks", "pool", part, "metrics") and bound in leaf.schema:
            values = nested(values, leaf.path, leaf.schema[bound])
    for name, value in environment(render(values), part, tmp_path).items():
        no_settings.setenv(name, value)
    SETTINGS[part].of_this_process()


def test_words_are_the_settings_words() -> None:
    """Where a value is one of some words, or has a pattern, the setting takes all of them."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    words = {leaf.path: leaf.schema for leaf in leaves(schema)}
    api, operator = _json_schema(ApiSettings), _json_schema(OperatorSettings)
    for path, setting in (
        (("tasks", "executionMode"), api["execution_mode"]),
        (("api", "logLevel"), api["log_level"]),
        (("operator", "logLevel"), operator["log_level"]),
        (("runner", "logLevel"), operator["runner_log_level"]),
        (("image", "pullPolicy"), operator["runner_pull_policy"]),
    ):
        assert sorted(words[path]["enum"]) == sorted(setting["enum"]), path
    for settings in (api, operator):
        assert words["keyPrefix",]["pattern"] == settings["key_prefix"]["pattern"]
    [queue] = [each["pattern"] for each in operator["queue_name"]["anyOf"] if "pattern" in each]
    ours = words["kueue", "queueName"]["pattern"]
    for name in ("a", "a" * 63, "a" * 64, "a.b", "a-", "A", "1", "a_b"):
        assert not re.search(ours, name) or re.search(queue, name), name


def _json_schema(settings: type[BaseModel]) -> dict[str, Any]:
    schema = settings.model_json_schema()
    return {name: _followed(field, schema.get("$defs", {})) for name, field in schema["properties"].items()}


def _followed(field: Object, definitions: Mapping[str, Any]) -> Object:
    reference = field.get("$ref", "")
    return {**field, **definitions[reference.rpartition("/")[2]]} if reference else field


@pytest.mark.parametrize("variant", ["default", "everything", "external"])
def test_the_runners_pods_get_what_the_values_say(
    variant: str, tmp_path: Path, no_settings: pytest.MonkeyPatch
) -> None:
    """The operator lays the chart's templates over its Jobs' Pods: placement, pull secrets, authority and templates."""
    values = VARIANTS[variant]
    for name, value in environment(render(values), "operator", tmp_path).items():
        no_settings.setenv(name, value)
    runner = {**chart_values()["runner"], **values.get("runner", {})}
    for made in samples(OperatorSettings()):
        template = made["spec"]["template"]
        pod = template["spec"]
        [container] = pod["containers"]
        assert container["image"].endswith(
            "quantum-tasks-runner:0.1.0" if variant == "default" else "runner@" + _DIGEST
        )
        assert pod["automountServiceAccountToken"] is False
        assert pod.get("imagePullSecrets", []) == values.get("imagePullSecrets", [])
        assert pod.get("runtimeClassName", "") == runner["runtimeClassName"]
        assert pod["priorityClassName"] == (runner["priorityClassName"] or "lab.qt-quantum-tasks-runner")
        assert pod.get("tolerations", []) == runner["tolerations"]
        assert pod.get("affinity", {}) == runner["affinity"]
        assert template["metadata"]["labels"].items() >= runner["podLabels"].items()
        assert template["metadata"].get("annotations", {}).items() >= runner["podAnnotations"].items()
        env = {each["name"]: each.get("value") for each in container["env"]}
        assert env.get("OMP_NUM_THREADS") == (None if variant == "default" else "1")
        assert ("SSL_CERT_FILE" in env) is (variant == "external")
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert {each["name"] for each in pod["volumes"]} == mounted
        of_the_pool = "pool" in made["metadata"]["name"]
        if variant == "default":
            assert "nodeSelector" not in pod
        else:
            # the pool's template takes one label away and adds another
            assert pod["nodeSelector"] == ({"pool": "true"} if of_the_pool else {"disk": "fast"})


_DIGEST = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"


def test_every_leaf_is_a_leaf() -> None:
    """The schema's leaves are found by their paths."""
    assert Leaf(("pool", "maxJobs"), {"type": "integer", "minimum": 0, "maximum": 1000}) in list(
        leaves(json.loads((CHART / "values.schema.json").read_text("utf-8")))
    )
