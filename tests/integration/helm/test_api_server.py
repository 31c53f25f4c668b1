"""Kubernetes' API server, and a validator that has its schemas, take whatever the chart makes."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from quantum_operator.jobs import samples
from quantum_operator.settings import OperatorSettings
from support.control_plane import ControlPlane, programs
from support.helm import VARIANTS, Object, environment, render
from support.schemas import of_openapi

each_variant = pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS.keys())
# what releases of other tests have left is of no concern here
DRY = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-n", "lab", "-f", "-")


def _list(objects: Iterable[Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


@each_variant
def test_the_api_server_takes_every_object(values: Object, helm_plane: ControlPlane) -> None:
    """Every object is taken as it is, without a word of warning, where Pods must pass the strictest standard."""
    rendered = render(values)
    # a Pod is not taken before its account is there, and a dry run leaves none
    helm_plane.kubectl("apply", "--server-side", "-f", "-", stdin=_list(rendered.of("ServiceAccount")))
    done = helm_plane.try_kubectl(*DRY, stdin=_list(rendered.objects))
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(rendered.objects)


@pytest.mark.parametrize("variant", ["default", "everything", "external"])
def test_the_api_server_takes_the_jobs_that_follow(
    variant: str, helm_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Jobs that the operator makes by the chart's settings are taken without a warning, too."""
    for name, value in environment(render(VARIANTS[variant]), "operator", tmp_path).items():
        monkeypatch.setenv(name, value)
    jobs = samples(OperatorSettings())
    for job in jobs:
        job["metadata"].pop("ownerReferences", None)  # there is no such task
    done = helm_plane.try_kubectl(*DRY, stdin=_list(jobs))
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.fixture(scope="module")
def schemas(helm_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The API server's schemas of all kinds that the chart makes, in a folder."""
    folder = tmp_path_factory.mktemp("schemas")
    versions = {body["apiVersion"] for values in VARIANTS.values() for body in render(values).objects}
    for version in versions:
        path = f"/openapi/v3/{'apis' if '/' in version else 'api'}/{version}"
        for name, schema in of_openapi(json.loads(helm_plane.kubectl("get", "--raw", path))):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(schema))
    return folder


def _validated(objects: Iterable[Object], schemas: Path) -> Object:
    names = str(schemas / "{{.Group}}" / "{{.ResourceKind}}-{{.ResourceAPIVersion}}.json")
    done = subprocess.run(
        [programs() / "kubeconform", "-strict", "-summary", "-output", "json", "-schema-location", names],
        input=_list(objects),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told: Object = json.loads(done.stdout)
    return told


@each_variant
def test_every_object_is_valid(values: Object, schemas: Path) -> None:
    """Every object is valid for kubeconform, by the API server's own schemas, and none is skipped."""
    objects = render(values).objects
    told = _validated(objects, schemas)
    assert told["resources"] == []
    assert told["summary"] == {"valid": len(objects), "invalid": 0, "errors": 0, "skipped": 0}


def test_an_unknown_field_is_not_valid(schemas: Path) -> None:
    """These schemas are strict: they find a misspelled field, wherever it is."""
    deployment = json.loads(json.dumps(render().one("Deployment", "-api")))
    deployment["spec"]["template"]["spec"]["containers"][0]["misspelled"] = 1
    assert _validated([deployment], schemas)["summary"]["invalid"] == 1
