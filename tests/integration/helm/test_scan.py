"""checkov finds no weakness in the chart but those that helm/quantum-tasks/.checkov.yaml has a reason for."""

import json
import re
from pathlib import Path

import yaml
from support.helm import CHART, everything, template
from support.scan import checkov

CONFIG = CHART / ".checkov.yaml"
REASON = re.compile(r"  - (CKV\w+) +# ([a-z, -]+): (\S.+)")


def _findings(folder: Path, home: Path) -> dict[str, set[str]]:
    """The checks that fail, and the parts in which they do."""
    told = checkov("--directory", str(folder), "--framework", "kubernetes", "--skip-download", "-o", "json", home=home)
    report = json.loads(told)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 500
    found: dict[str, set[str]] = {}
    for each in report["results"]["failed_checks"]:
        name = each["resource"].rpartition(".")[2]
        found.setdefault(each["check_id"], set()).add(re.sub(r"^(qt-quantum-tasks|everything)-", "", name))
    return found


def test_every_finding_has_a_reason(tmp_path: Path) -> None:
    """What checkov finds, in the chart as it is and with all of it in use, is what the list says and no more."""
    manifests, home = tmp_path / "manifests", tmp_path / "home"
    manifests.mkdir()
    home.mkdir()
    (manifests / "default.yaml").write_text(template())
    (manifests / "everything.yaml").write_text(template(yaml.safe_dump(everything())))
    text = CONFIG.read_text("utf-8")
    reasons = {check: set(parts.split(", ")) for check, parts, _ in REASON.findall(text)}
    assert list(reasons) == yaml.safe_load(text)["skip-check"]
    assert _findings(manifests, home) == reasons
