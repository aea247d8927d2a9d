"""The adapter: who asks, which projects there are, how lists go on, and what refusals mean, over REST and gRPC."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, Self

import grpc
import pytest
from google.cloud.asset_v1 import ListAssetsRequest, ListAssetsResponse
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from annexlog.collectors import Call, Refused, Scope
from annexlog.collectors.gcp import provider
from annexlog.collectors.gcp._access import Bearer
from annexlog.collectors.gcp._accounts import Account, account
from annexlog.collectors.gcp._assets import holders, key
from annexlog.collectors.gcp._refusals import refusal
from annexlog.collectors.gcp.compute import network
from annexlog.collectors.gcp.datastores import bucket
from annexlog.collectors.gcp.monitoring import finding
from annexlog.collectors.gcp.resourcemanager import ancestor, iam_policy, project
from annexlog.collectors.rest import Answer
from annexlog.evidence_store.model import ConfigError, Coverage, DeclarationError, Unknown
from tests.collectors.acme import Clock
from tests.collectors.gcp.conftest import Connect
from tests.providers import fault, look
from tests.wire.gcp import ACCOUNT, ORG, GoogleCloud, asset, bound, error

SHOP, TOOLS = "gcp/shop-prod", "gcp/tools"
BUCKETS = "ListAssets RESOURCE storage.googleapis.com/Bucket"
PROJECTS = "ListAssets RESOURCE cloudresourcemanager.googleapis.com/Project"
LISTED = "cloudasset.assets.listResource"


# ── which projects there are ──


def test_projects_are_scopes_that_the_organization_answers_for_and_those_being_deleted_are_skipped(
    connect: Connect,
) -> None:
    found = connect().discover()

    assert [(scope.name, scope.level, scope.asker) for scope in found.scopes] == [
        (f"gcp/{ORG}", "organization", ""),
        (SHOP, "project", f"gcp/{ORG}"),
        (TOOLS, "project", f"gcp/{ORG}"),
        ("gcp/old", "project", f"gcp/{ORG}"),
    ]
    assert found.scopes[1].values == {"project": "shop-prod", "number": "12", "node": "projects/12"}
    assert found.skipped == {"gcp/old": "it is being deleted"}


def test_a_project_as_target_answers_for_itself_and_has_no_organization(google: GoogleCloud, connect: Connect) -> None:
    google.answers["assets"][:] = [one for one in google.answers["assets"] if "projects/12" in one["ancestors"]]

    found = connect(parent="projects/shop-prod").discover()

    assert found.scopes == [Scope(SHOP, "project", {"project": "shop-prod", "number": "12", "node": "projects/12"})]


def test_an_organization_that_we_may_not_list_is_denied_and_known_projects_are_blind(
    google: GoogleCloud, connect: Connect
) -> None:
    google.faults.append(fault(PROJECTS, google.refuse(403)))

    found = connect().discover()

    assert (found.status, [scope.name for scope in found.scopes]) == (Coverage.DENIED, [f"gcp/{ORG}"])
    assert found.refusals == [Unknown("denied", "ListAssets", LISTED, "Forbidden")]


def test_projects_are_asked_for_again_where_that_may_soon_help(google: GoogleCloud, connect: Connect) -> None:
    limited = fault(PROJECTS, error(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "9s"))
    limited.times = 2
    google.faults.append(limited)
    clock = Clock()

    found = connect(clock=clock).discover()

    assert (found.status, len(found.scopes), google.asked.count(PROJECTS)) == (Coverage.COMPLETE, 4, 3)
    assert clock.monotonic() >= 18


def test_a_wait_that_is_too_long_is_not_waited_for(google: GoogleCloud, connect: Connect) -> None:
    google.faults.append(fault(PROJECTS, error(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "900s")))
    clock = Clock()

    found = connect(clock=clock).discover()

    assert found.refusals == [Unknown("throttled", "ListAssets", LISTED, "RATE_LIMIT_EXCEEDED")]
    assert (found.status, google.asked.count(PROJECTS)) == (Coverage.FAILED, 1)


# ── lists ──


def test_one_list_speaks_for_all_projects(google: GoogleCloud, connect: Connect) -> None:
    other = asset(
        "storage.googleapis.com/Bucket", "//storage.googleapis.com/logs", {"iamConfiguration": {}}, node="projects/13"
    )
    lost = asset("storage.googleapis.com/Bucket", "//storage.googleapis.com/lost", {}, node="projects/99")
    google.answers["assets"].extend([other, lost])

    seen = look(connect(), bucket)

    assert google.asked.count(BUCKETS) == 1
    assert list(seen.values("gcp.storage.bucket", scope=SHOP)) == [
        "//storage.googleapis.com/books",
        "//storage.googleapis.com/shop",
    ]
    assert list(seen.values("gcp.storage.bucket", scope=TOOLS)) == ["//storage.googleapis.com/logs"]
    assert seen.sweep("gcp.storage.bucket", scope=SHOP).provenance["elsewhere"] == 1


def test_a_row_has_what_is_kept_and_what_its_policies_are_found_by(connect: Connect) -> None:
    seen = look(connect(), bucket)

    assert seen.values("gcp.storage.bucket", scope=SHOP)["//storage.googleapis.com/shop"] == {
        "name": "//storage.googleapis.com/shop",
        "type": "storage.googleapis.com/Bucket",
        "project": "shop-prod",
        "ancestors": ["folders/5", ORG],
        "holders": ["//storage.googleapis.com/shop", "projects/12"],
        "nodes": ["//storage.googleapis.com/shop", "projects/12", "folders/5", ORG],
        "key": "//storage.googleapis.com/shop",
        "data": {
            "iamConfiguration": {"publicAccessPrevention": "inherited", "uniformBucketLevelAccess": {"enabled": True}},
            "acl": [],
            "timeCreated": "2026-01-01T00:00:00Z",
            "labels": {"criticality": "critical", "retention": "1-year"},
            "locationType": "dual-region",
            "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 350}}]},
            "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        },
    }


def test_pages_are_followed_to_the_end_and_their_read_time_is_when_it_was_observed(
    google: GoogleCloud, connect: Connect
) -> None:
    google.page = 2

    seen = look(connect(), iam_policy)

    assert len(seen.values("gcp.iam_policy", scope=SHOP)) == 6
    assert google.asked.count("ListAssets IAM_POLICY") > 3
    assert "observed" in seen.sweep("gcp.iam_policy", scope=SHOP).provenance


def test_of_an_iam_policy_members_whose_account_is_a_projects_say_which(connect: Connect) -> None:
    seen = look(connect(), iam_policy)

    found: Any = seen.values("gcp.iam_policy", scope=SHOP)["//storage.googleapis.com/shop"]
    assert found["accounts"] == [
        {"member": "serviceAccount:12-compute@developer.gserviceaccount.com", "of": "shop-prod", "agent": False},
        {"member": "serviceAccount:app@shop-prod.iam.gserviceaccount.com", "of": "shop-prod", "agent": False},
    ]


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("serviceAccount:a@p-1.iam.gserviceaccount.com", Account("p-1", agent=False)),
        ("serviceAccount:a@p-1.acme.com.iam.gserviceaccount.com", Account("acme.com:p-1", agent=False)),
        ("serviceAccount:p-1.acme.com@appspot.gserviceaccount.com", Account("acme.com:p-1", agent=False)),
        ("serviceAccount:p-1@appspot.gserviceaccount.com", Account("p-1", agent=False)),
        ("serviceAccount:123-compute@developer.gserviceaccount.com", Account("123", agent=False)),
        ("serviceAccount:123@cloudservices.gserviceaccount.com", Account("123", agent=True)),
        ("serviceAccount:service-123@gcp-sa-x.iam.gserviceaccount.com", Account("123", agent=True)),
        ("serviceAccount:service-123@compute-system.iam.gserviceaccount.com", Account("123", agent=True)),
        ("serviceAccount:p123-456@gcp-sa-logging.iam.gserviceaccount.com", Account("123", agent=True)),
        ("serviceAccount:bq-123@bigquery-encryption.iam.gserviceaccount.com", Account("123", agent=True)),
        ("serviceAccount:bqcx-123-qh1b@gcp-sa-bigquery-condel.iam.gserviceaccount.com", Account("123", agent=True)),
        ("serviceAccount:project-123@storage-transfer-service.iam.gserviceaccount.com", Account("123", agent=True)),
        # What people build runs as it.
        ("serviceAccount:123@cloudbuild.gserviceaccount.com", Account("123", agent=False)),
        ("serviceAccount:service-org-9@gcp-sa-x.iam.gserviceaccount.com", Account("organizations/9", agent=True)),
        # Anyone can call an account so, in a project of his own.
        ("serviceAccount:service-123@evil-1.iam.gserviceaccount.com", Account("evil-1", agent=False)),
        ("serviceAccount:bqcx-123-abcd@evil-1.iam.gserviceaccount.com", Account("evil-1", agent=False)),
        ("serviceAccount:123@evil-1.iam.gserviceaccount.com", Account("evil-1", agent=False)),
        ("serviceAccount:service-org-9@evil-1.iam.gserviceaccount.com", Account("evil-1", agent=False)),
        ("serviceAccount:p-1.svc.id.goog[ns/sa]", Account("p-1", agent=False)),
        (
            "principalSet://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/x/*",
            Account("123", agent=False),
        ),
        ("principalSet://cloudresourcemanager.googleapis.com/organizations/9", Account("organizations/9", agent=False)),
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/12/type/ServiceAccount",
            Account("12", agent=False),
        ),
        ("principalSet://cloudresourcemanager.googleapis.com/projects/12/type/ServiceAgent", Account("12", agent=True)),
        (
            "principalSet://cloudresourcemanager.googleapis.com/folders/5/type/ServiceAgent",
            Account("folders/5", agent=True),
        ),
        ("projectOwner:p-1", Account("p-1", agent=False)),
        ("user:a@acme.example", None),
        ("allUsers", None),
        ("serviceAccount:service-123@notiam.gserviceaccount.com", None),
    ],
)
def test_whose_account_a_member_is(member: str, told: Account | None) -> None:
    assert account(member) == told


def test_a_key_is_reached_by_the_policies_of_its_key_ring_and_project() -> None:
    ring = "//cloudkms.googleapis.com/projects/p/locations/eu/keyRings/r"

    assert holders(f"{ring}/cryptoKeys/k", "projects/12") == [f"{ring}/cryptoKeys/k", ring, "projects/12"]
    assert holders("//cloudresourcemanager.googleapis.com/projects/12", "projects/12") == ["projects/12"]


def test_an_asset_is_found_by_its_name_and_a_policy_of_the_organization_by_what_it_is_set_on() -> None:
    constraint = "//orgpolicy.googleapis.com/folders/5/policies/compute.requireOsLogin"

    assert [key(constraint, [constraint]), key("//x.googleapis.com/a", ["//x.googleapis.com/a", "projects/1"])] == [
        "folders/5",
        "//x.googleapis.com/a",
    ]


def test_urls_of_compute_engine_become_names_of_assets_whatever_their_version(
    google: GoogleCloud, connect: Connect
) -> None:
    url = "https://www.googleapis.com/compute/beta/projects/shop-prod/global/networks/n"
    google.answers["assets"].append(
        asset(
            "compute.googleapis.com/Network",
            "//compute.googleapis.com/x",
            {"selfLink": url, "name": "see https://www.googleapis.com/compute/v1/projects/p"},
        )
    )

    found: Any = look(connect(), network).values("gcp.compute.network", scope=SHOP)

    assert found["//compute.googleapis.com/x"]["data"] == {
        "selfLink": "//compute.googleapis.com/projects/shop-prod/global/networks/n",
        "name": "see https://www.googleapis.com/compute/v1/projects/p",
    }


def test_without_a_role_on_the_organization_what_is_above_is_not_believed(
    google: GoogleCloud, connect: Connect
) -> None:
    for one in google.answers["assets"]:
        if one["assetType"].endswith("/Organization"):
            one.pop("iamPolicy", None)

    seen = look(connect(), ancestor)

    assert seen.status("gcp.ancestor", scope=f"gcp/{ORG}") == (
        "denied",
        Unknown("denied", "ListAssets", LISTED, "NotShown"),
    )


def test_a_resource_without_its_data_is_told_and_cannot_be_read(google: GoogleCloud, connect: Connect) -> None:
    google.answers["assets"].append(
        {**asset("storage.googleapis.com/Bucket", "//storage.googleapis.com/x"), "resource": {"version": "v1"}}
    )

    found: Any = look(connect(), bucket).values("gcp.storage.bucket", scope=SHOP)

    assert found["//storage.googleapis.com/x"]["data"] == ""


def test_no_findings_is_an_answer_that_lacks_the_list(google: GoogleCloud, connect: Connect) -> None:
    google.answers[f"/v2/{ORG}/sources/-/findings"] = {"totalSize": 0}

    seen = look(connect(), finding)

    assert seen.status("gcp.scc.finding", scope=f"gcp/{ORG}") == ("complete", None)


# ── who asks ──


def test_a_service_account_shows_what_its_key_signed(google: GoogleCloud, connect: Connect) -> None:
    adapter = connect()
    look(adapter, project)

    assert adapter.caller(Scope("x", "project", {})).identity == ACCOUNT
    assert "/token" not in google.asked


def test_an_identity_of_elsewhere_is_exchanged_for_a_token(
    google: GoogleCloud, tmp_path: Path, connect: Connect
) -> None:
    (tmp_path / "subject").write_text("an outside token")
    config = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{google.url}/v1/token",
        "credential_source": {"file": str(tmp_path / "subject")},
    }
    (tmp_path / "wif.json").write_text(json.dumps(config))
    google.answers["/v1/token"] = {}
    exchanged = {
        "access_token": "s3cret-token",
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    google.faults.append(fault("/v1/token", error(200, "")))
    google.faults[-1].reply = type(google.faults[-1].reply)(
        200, {"Content-Type": "application/json"}, json.dumps(exchanged).encode()
    )

    seen = look(connect(credentials_file=str(tmp_path / "wif.json")), project)

    assert seen.status("gcp.project", scope=SHOP) == ("complete", None)
    assert [b"an+outside+token" in request.body for request in google.log if "/v1/token" in request.target] == [True]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"type": "service_account"}',
        '{"type": "external_account", "credential_source": {"executable": {}}}',
    ],
)
def test_a_file_that_holds_no_credentials_is_refused_and_never_quoted(
    content: str, tmp_path: Path, connect: Connect
) -> None:
    (tmp_path / "other.json").write_text(content)

    with pytest.raises(ConfigError) as refused:
        connect(credentials_file=str(tmp_path / "other.json"))

    assert "credential_source" not in str(refused.value)


def test_credentials_go_nowhere_without_tls(connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(endpoint="http://assets.example")


def test_another_service_account_is_asked_as_and_named_as_the_caller(connect: Connect) -> None:
    adapter = connect(impersonate="look@tools.iam.gserviceaccount.com")

    assert adapter.caller(Scope("x", "project", {})).identity == "look@tools.iam.gserviceaccount.com"


def test_the_project_that_pays_goes_with_each_request(connect: Connect) -> None:
    adapter = connect(quota_project="tools")

    assert Bearer(adapter._credentials).headers()["x-goog-user-project"] == "tools"


# ── refusals over REST ──


@pytest.mark.parametrize(
    ("reply", "reason", "code", "after"),
    [
        (error(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), "unsupported", "SERVICE_DISABLED", 0.0),
        (error(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"), "denied", "IAM_PERMISSION_DENIED", 0.0),
        (error(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "12.5s"), "throttled", "RATE_LIMIT_EXCEEDED", 12.5),
        (error(503, "UNAVAILABLE"), "failed", "ServiceUnavailable", 0.0),
        (error(504, "DEADLINE_EXCEEDED"), "failed", "GatewayTimeout", 0.0),
        (error(400, "INVALID_ARGUMENT"), "failed", "BadRequest", 0.0),
    ],
)
def test_a_refusal_of_the_client_is_told_apart(
    reply: Any, reason: str, code: str, after: float, google: GoogleCloud, connect: Connect
) -> None:
    google.faults.append(fault(PROJECTS, reply))

    with pytest.raises(Refused) as refused:
        next(connect().pages(project.listed, project.listed.params, Scope("x", "project", {})))  # type: ignore[union-attr, arg-type]

    assert (refused.value.reason, refused.value.code, refused.value.after) == (reason, code, after)
    assert google.asked == [PROJECTS]  # the client has not asked again by itself


def test_a_refusal_is_told_with_its_reason_by_the_other_apis() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    body = {"error": {"status": "PERMISSION_DENIED", "message": "m", "details": details}}

    told = [
        refusal(Answer(403, {}, body, None)),
        refusal(Answer(429, {"retry-after": "3"}, None, None)),
        refusal(Answer(500, {}, [1], None)),
    ]

    assert [(one.reason, one.code, one.after) for one in told] == [
        ("unsupported", "SERVICE_DISABLED", 0.0),
        ("throttled", "429", 3.0),
        ("failed", "500", 0.0),
    ]


def test_when_google_asks_to_wait_it_is_waited_for(google: GoogleCloud, connect: Connect) -> None:
    limited = fault(BUCKETS, error(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "40s"))
    limited.times = 1
    google.faults.append(limited)
    clock = Clock()

    seen = look(connect(), bucket, clock=clock)

    assert seen.status("gcp.storage.bucket", scope=SHOP) == ("complete", None)
    assert clock.monotonic() >= 40


def test_an_answer_without_its_read_time_is_no_empty_list(google: GoogleCloud, connect: Connect) -> None:
    google.faults.append(fault(BUCKETS, error(200, "")))

    seen = look(connect(), bucket)

    told = Unknown("unreadable", "ListAssets", LISTED, "OtherAnswer")
    assert seen.status("gcp.storage.bucket", scope=SHOP) == ("failed", told)


# ── gRPC ──


class Grpc:
    """Asset Inventory by gRPC: answers what it is told to, or aborts with a status and its details."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[Any] = []

    def __enter__(self) -> Self:
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        pb = ListAssetsRequest.pb(), ListAssetsResponse.pb()
        handler = grpc.unary_unary_rpc_method_handler(self._answer, pb[0].FromString, pb[1].SerializeToString)
        service = grpc.method_handlers_generic_handler("google.cloud.asset.v1.AssetService", {"ListAssets": handler})
        self._server.add_generic_rpc_handlers((service,))
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def _answer(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, dict):
            return ListAssetsResponse.pb(ListAssetsResponse.from_json(json.dumps(answer)))
        context.abort_with_status(rpc_status.to_status(answer))
        raise AssertionError


@pytest.fixture
def by_grpc() -> Iterator[Grpc]:
    with Grpc() as running:
        yield running


def status(code: grpc.StatusCode, *details: Any) -> status_pb2.Status:
    packed = []
    for one in details:
        any_ = any_pb2.Any()
        any_.Pack(one)
        packed.append(any_)
    return status_pb2.Status(code=code.value[0], message="on purpose", details=packed)


def test_assets_come_over_grpc_page_by_page(by_grpc: Grpc, connect: Connect) -> None:
    row = asset(
        "storage.googleapis.com/Bucket",
        "//storage.googleapis.com/a",
        {"iamConfiguration": {"x": 1.0, "y": None}},
        **bound(("roles/viewer", "allUsers")),
    )
    by_grpc.answers += [
        {"readTime": "2026-01-01T00:00:00Z", "assets": [row], "nextPageToken": "t"},
        {"readTime": "2026-01-01T00:00:00Z"},
    ]

    assert bucket.listed is not None
    pages = list(
        connect(transport="grpc", endpoint=by_grpc.url).pages(
            bucket.listed, bucket.listed.params, Scope("x", "project", {})
        )
    )

    assert [[one["data"] for one in page.body["assets"]] for page in pages] == [
        [{"iamConfiguration": {"x": 1, "y": None}}],
        [],
    ]
    assert [(request.parent, request.page_size, request.page_token) for request in by_grpc.asked] == [
        (ORG, 1000, ""),
        (ORG, 1000, "t"),
    ]


@pytest.mark.parametrize(
    ("content", "given", "told"),
    [
        (
            "ORG_POLICY",
            {"orgPolicy": [{"constraint": "constraints/a.b", "booleanPolicy": {"enforced": True}}]},
            {"org_policies": [{"constraint": "constraints/a.b", "booleanPolicy": {"enforced": True}}]},
        ),
        (
            "ACCESS_POLICY",
            {"servicePerimeter": {"name": "accessPolicies/1/servicePerimeters/p", "title": "p"}},
            {"access": {"service_perimeter": {"name": "accessPolicies/1/servicePerimeters/p", "title": "p"}}},
        ),
        ("ACCESS_POLICY", {}, {}),
        (
            "OS_INVENTORY",
            {"osInventory": {"updateTime": "2026-01-01T00:00:00Z"}},
            {"inventory": {"updateTime": "2026-01-01T00:00:00Z"}},
        ),
        ("IAM_POLICY", {}, {}),
    ],
)
def test_each_content_is_told_under_its_own_name_and_what_is_lacking_is_not_made_up(
    content: str, given: dict[str, Any], told: dict[str, Any], by_grpc: Grpc, connect: Connect
) -> None:
    by_grpc.answers.append(
        {"readTime": "2026-01-01T00:00:00Z", "assets": [{"name": "//x/a", "assetType": "x/A", **given}]}
    )
    call = Call(LISTED, "ListAssets", {"content": content})

    (page,) = connect(transport="grpc", endpoint=by_grpc.url).pages(call, call.params, Scope("x", "project", {}))

    (row,) = page.body["assets"]
    common = {
        "name": "//x/a",
        "type": "x/A",
        "project": "",
        "ancestors": [],
        "holders": ["//x/a"],
        "nodes": ["//x/a"],
        "key": "//x/a",
    }
    assert row == {**common, **told}


@pytest.mark.parametrize(
    ("given", "reason", "code", "after"),
    [
        (
            status(
                grpc.StatusCode.PERMISSION_DENIED,
                error_details_pb2.ErrorInfo(reason="SERVICE_DISABLED", domain="googleapis.com"),
            ),
            "unsupported",
            "SERVICE_DISABLED",
            0.0,
        ),
        (status(grpc.StatusCode.PERMISSION_DENIED), "denied", "PermissionDenied", 0.0),
        (
            status(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=7)),
            ),
            "throttled",
            "ResourceExhausted",
            7.0,
        ),
        (status(grpc.StatusCode.UNAUTHENTICATED), "unauthenticated", "Unauthenticated", 0.0),
        (status(grpc.StatusCode.UNAVAILABLE), "failed", "ServiceUnavailable", 0.0),
        (status(grpc.StatusCode.DEADLINE_EXCEEDED), "failed", "DeadlineExceeded", 0.0),
    ],
)
def test_a_refusal_over_grpc_is_told_apart(
    given: Any, reason: str, code: str, after: float, by_grpc: Grpc, connect: Connect
) -> None:
    by_grpc.answers.append(given)

    assert bucket.listed is not None
    with pytest.raises(Refused) as refused:
        next(
            connect(transport="grpc", endpoint=by_grpc.url).pages(
                bucket.listed, bucket.listed.params, Scope("x", "project", {})
            )
        )

    assert (refused.value.reason, refused.value.code, refused.value.after) == (reason, code, after)
    assert len(by_grpc.asked) == 1


# ── the provider ──


def test_the_role_holds_what_the_calls_need_and_what_finds_projects() -> None:
    calls = [Call("securitycenter.sources.list", "/x"), Call("cloudasset.assets.listIamPolicy", "ListAssets")]

    assert provider.policy(calls) == (
        "title: annexlog\ndescription: Reads what annexlog's control tests need.\nstage: GA\nincludedPermissions:\n"
        "- cloudasset.assets.listIamPolicy\n- cloudasset.assets.listResource\n- securitycenter.sources.list"
    )


@pytest.mark.parametrize(
    "permission", ["storage.buckets.delete", "storage.buckets.getIamPolicyAndSet;", "roles/viewer", ""]
)
def test_a_permission_that_is_no_read_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])
