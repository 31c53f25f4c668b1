"""What the API server's refusals mean."""

import pytest
from quantum_tasks.cluster import ClusterError

STRICT = 'Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field "spec.template.spec.x"'
INVALID = 'Job.batch "a" is invalid: spec.template.spec.tolerations[0].operator: Unsupported value: "Sometimes"'
WEBHOOK = 'admission webhook "validate.kyverno.svc" denied the request: no'
POLICY = "jobs.batch \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
QUOTA = 'jobs.batch "a" is forbidden: exceeded quota: none, requested: count/jobs.batch=1, used: 0, limited: 0'


@pytest.mark.parametrize(
    ("status", "reason", "message", "malformed"),
    [
        pytest.param(400, "BadRequest", STRICT, True, id="unknown-field"),
        pytest.param(422, "Invalid", INVALID, True, id="wrong-value"),
        pytest.param(400, "BadRequest", WEBHOOK, False, id="webhook"),
        pytest.param(422, "Invalid", POLICY, False, id="policy"),
        pytest.param(403, "Forbidden", QUOTA, False, id="quota"),
        pytest.param(404, "NotFound", 'namespaces "a" not found', False, id="no-namespace"),
        pytest.param(409, "AlreadyExists", 'jobs.batch "a" already exists', False, id="name-is-taken"),
    ],
)
def test_an_object_is_malformed_where_nobody_could_make_it(
    status: int,
    reason: str,
    message: str,
    malformed: bool,  # noqa: FBT001 - a table
) -> None:
    """What a policy, a quota or another object stands against may be made another time; what is wrong may not."""
    assert ClusterError(status, reason, message).malformed is malformed
