"""Values that are right each by itself, and cannot be together: the chart says so before anything is installed."""

import re
from typing import Any

import pytest
from support.helm import Object, load, refusal, render

CASES = load(
    r"""
- values: {redis: {external: {enabled: true}}}
  told: "redis.external: give one of url and existingSecret"
- values: {redis: {external: {enabled: true, url: "redis://host:6379", existingSecret: a}}}
  told: "redis.external: give one of url and existingSecret"
- values: {redis: {auth: {existingSecret: a}}}
  told: "redis.auth: existingSecret and existingRunnerSecret go together"
- values: {redis: {auth: {existingRunnerSecret: a}}}
  told: "redis.auth: existingSecret and existingRunnerSecret go together"
- values: {redis: {external: {enabled: true, url: "rediss://host:6380"}}}
  told: "redis.external.url: port 6380 is not one of networkPolicy.externalRedisPorts"
- values:
    redis: {external: {enabled: true, url: "redis://host/1"}}
    networkPolicy: {externalRedisPorts: [6380]}
  told: "redis.external.url: port 6379 is not one of networkPolicy.externalRedisPorts"
- values: {api: {autoscaling: {enabled: true, minReplicas: 6}}}
  told: "api.autoscaling: minReplicas is more than maxReplicas"
- values: {api: {serviceAccount: {create: false}}}
  told: "api.serviceAccount: give the name of one, or have it made"
- values: {operator: {serviceAccount: {create: false}}}
  told: "operator.serviceAccount: give the name of one, or have it made"
- values: {api: {extraEnv: [{name: QT_LOG_LEVEL, value: debug}]}}
  told: "api.extraEnv: QT_LOG_LEVEL is there already"
- values: {operator: {extraEnv: [{name: A, value: "1"}, {name: A, value: "2"}]}}
  told: "operator.extraEnv: A is there already"
- values: {ingress: {enabled: true}}
  told: "at '/ingress/hosts': minItems: got 0, want 1"
- values: {ingress: {enabled: true, hosts: null}}
  told: "at '/ingress': missing property 'hosts'"
- values: {httpRoute: {enabled: true}}
  told: "at '/httpRoute/parentRefs': minItems: got 0, want 1"
- values: {httpRoute: {enabled: true, parentRefs: null}}
  told: "at '/httpRoute': missing property 'parentRefs'"
- values: {metrics: {port: 8000}}
  told: "at '/metrics/port': 'not' failed"
- values: {metrics: {port: 8080}}
  told: "at '/metrics/port': 'not' failed"
"""
)
TAKEN = load(
    r"""
- redis: {auth: {existingSecret: a}, external: {enabled: true, existingSecret: b}}
- redis: {external: {enabled: false, url: "redis://host:6379", existingSecret: a}}
- redis: {external: {enabled: true, url: "redis://host"}}
- redis: {external: {enabled: true, url: "rediss://[2001:db8::1]:6379/0?protocol=3"}}
- redis: {external: {enabled: true, url: "rediss://host:6380"}}
  networkPolicy: {enabled: false}
- api: {autoscaling: {enabled: true, minReplicas: 5}}
- api: {autoscaling: {enabled: false, minReplicas: 9}}
"""
)
SECRETS = (
    *("redis://:password@host", "redis://user:password@host:6379/0", "rediss://user@host"),
    *("redis://host?password=a", "redis://host/0?protocol=3&username=a", "unix:///redis.sock", "host"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["values"]))
def test_what_cannot_be_together_is_refused(case: dict[str, Any]) -> None:
    """Values that contradict each other are refused, with words that name them."""
    assert case["told"] in re.sub(r"\s+", " ", refusal(case["values"]))


@pytest.mark.parametrize("values", TAKEN, ids=str)
def test_what_can_be_together_is_taken(values: Object) -> None:
    """Values that only look as if they contradicted each other are taken."""
    assert render(values).objects


@pytest.mark.parametrize("url", SECRETS)
def test_a_password_is_no_value(url: str) -> None:
    """An address with a user or a password is refused as a value: helm keeps values where many may read them."""
    assert "at '/redis/external/url'" in refusal({"redis": {"external": {"enabled": True, "url": url}}})
