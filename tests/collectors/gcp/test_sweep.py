"""Every answer of Google Cloud replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from annexlog.collectors import Call, resource_types
from annexlog.evidence_store.model import Coverage, Line, Status
from annexlog.evidence_store.store import Store
from tests.providers import KINDS, Ground, fault, ground, holds, kinds, leaked, unmet, untested
from tests.reach import reaches, turns
from tests.test_refusal_sweep import worsened
from tests.wire.gcp import ORG, PLANTED, REGISTERS, GoogleCloud, asset, findings, healthy, key_file, project

SHOP = "gcp/shop-prod"

PROJECTS = "ListAssets RESOURCE cloudresourcemanager.googleapis.com/Project"
ABOVE = "cloudresourcemanager.googleapis.com/Organization cloudresourcemanager.googleapis.com/Folder"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, key: rsa.RSAPrivateKey) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("gcp")
    with GoogleCloud({"assets": healthy(), **findings()}, key=key) as api:
        (folder / "key.json").write_text(key_file(key, api.url))
        options = (
            f'parent = "{ORG}"\ncredentials_file = "{folder}/key.json"\ntransport = "rest"\n'
            f'endpoint = "{api.url}"\nsecurity_center_endpoint = "{api.url}"\napis_endpoint = "{api.url}"'
        )
        yield ground(api, "gcp", options, REGISTERS, folder)


def asked_by(call: Call) -> list[str]:
    """The names that a call's requests are known by."""
    if call.operation.startswith("//"):  # of each project, or of the one in which there is something
        one = call.operation.startswith(("//compute.", "//dns."))
        projects = ["shop-prod"] if one else ["shop-prod", "tools"]
        path = "/" + call.operation.removeprefix("//").partition("/")[2]
        return [path.format(project=project, zone="acme") for project in projects]
    if call.operation != "ListAssets":
        return [call.operation.format(organization="9")]
    if "content" not in call.params:
        return [f"ListAssets {content} {ABOVE}" for content in ("RESOURCE", "IAM_POLICY")]
    return [" ".join(["ListAssets", call.params["content"], *call.params.get("asset_types", [])])]


def test_in_a_healthy_organization_every_test_passes(home: Ground) -> None:
    others = {test for test, _ in unmet(home)}

    assert {key: told for key, told in unmet(home).items() if told[0] != "not_applicable"} == {}
    assert others == {  # a policy that is no project's, a key that Google keeps, buckets of other classes
        "gcp.iam.acting-as-all-accounts",
        "gcp.iam.keys-rotated",
        "gcp.iam.primitive-roles-limited",
        "gcp.iam.service-accounts-no-admin",
        "gcp.storage.dual-region-critical",
        "gcp.storage.lifecycle-deletion",
        "gcp.storage.versioning-softdelete-critical",
    }
    assert untested(home) == set()


def test_no_secret_and_nothing_that_no_test_reads_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, PLANTED, "s3cret-token") == set()
    assert holds(home, "roles/storage.objectViewer")


def test_what_is_asked_is_what_is_declared(home: Ground) -> None:
    declared = {
        name
        for kind in resource_types().values()
        if kind.provider == "gcp"
        for c in kind.calls()
        for name in asked_by(c)
    }

    assert set(home.paths) == declared


def test_all_projects_are_one_record_and_the_organization_is_another(home: Ground) -> None:
    with Store.open(home.folder / "evidence.db", readonly=True) as store:
        collected = [run for run in store.view().runs("collect", "home") if run.scope != "target/home"]
        lines = {scope: store.view().seen(Line(scope, "gcp.storage.bucket")) for scope in (SHOP, "gcp/tools")}

    assert sorted(run.scope for run in collected) == ["", f"gcp/{ORG}"]  # several scopes have no one name
    assert {scope: seen and (seen.status, seen.refusal) for scope, seen in lines.items()} == {
        SHOP: (Coverage.COMPLETE, None),
        "gcp/tools": (Coverage.COMPLETE, None),
    }


def test_a_project_that_appears_is_seen_with_the_others_and_one_that_goes_is_retired(
    home: Ground, tmp_path: Path
) -> None:
    assets = home.api.answers["assets"]
    before = list(assets)
    name = "//storage.googleapis.com/new"
    kept = [one for one in before if "projects/13" not in one["ancestors"]]
    made = asset("storage.googleapis.com/Bucket", name, {"iamConfiguration": {}}, node="projects/15")
    assets[:] = [*kept, project("new", "15"), made]
    try:
        _, after = home.again(tmp_path)
    finally:
        assets[:] = before

    with Store.open(tmp_path / "evidence.db", readonly=True) as store:
        scopes, buckets = set(store.view().scopes()), list(store.view().ids("gcp/new", "gcp.storage.bucket"))

    assert scopes == {f"gcp/{ORG}", SHOP, "gcp/new"}
    assert buckets == [name]
    assert after["gcp.storage.public-access-prevented", "gcp/new", name].status is Status.PASS


def test_a_resource_that_cannot_be_read_leaves_open_what_depends_on_it(home: Ground, tmp_path: Path) -> None:
    network = "//compute.googleapis.com/projects/shop-prod/global/networks/main"
    assets = home.api.answers["assets"]
    assets.append(asset("compute.googleapis.com/Firewall", f"{network}-x", resource={"version": "v1"}))
    try:
        _, after = home.again(tmp_path)
    finally:
        assets.pop()

    told = after["gcp.compute.firewall-no-admin-ports", SHOP, network]
    assert (told.status, told.reason and told.reason.reason) == (Status.UNKNOWN, "unreadable")


def test_a_region_whose_quotas_google_does_not_know_is_unknown(home: Ground, tmp_path: Path) -> None:
    path = "/compute/v1/projects/shop-prod/regions"
    before = home.api.answers[path]
    home.api.answers[path] = {"items": [{"name": "europe-west1", "quotaStatusWarning": {"code": "QUOTA_INFO"}}]}
    try:
        _, after = home.again(tmp_path)
    finally:
        home.api.answers[path] = before

    told = after["gcp.quota.headroom", SHOP, "shop-prod/europe-west1"]
    assert (told.status, told.reason and told.reason.reason) == (Status.UNKNOWN, "failed")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    types = {name: type for name, type in resource_types().items() if type.provider == "gcp"}
    reach = reaches(types, home.mappings, asked_by)
    problems = []

    for number, names in enumerate(turns(home.paths, reach, {PROJECTS})):
        faults = [fault(name, kinds(home.api)[kind]) for name in names]
        done, after = home.again(tmp_path / str(number), *faults)
        problems += [f"{names}: {problem}" for problem in worsened(home.answers, after)]
        everything = any(line.type == "scope" for line in done.unseen)
        problems += [f"{name}: nothing is said" for name in names if not (everything or reach[name].shows(done.unseen))]

    assert problems == []
