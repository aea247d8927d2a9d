"""A SCIM service as the engine sees it: what it takes to believe a list, pages, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.collectors import Call, Refused
from annexlog.collectors.rest import Answer
from annexlog.collectors.scim import provider
from annexlog.collectors.scim._refusals import refusal
from annexlog.collectors.scim.directory import group, service, user
from annexlog.evidence_store.model import ConfigError, DeclarationError, Unknown
from tests.collectors.scim.conftest import Connect
from tests.providers import look
from tests.wire.api import say
from tests.wire.scim import Scim
from tests.wire.scim import user as account

SCOPE = "scim/home"
SERVICE = service
STATED = "configuration:all_visible_because"


@pytest.mark.parametrize("options", [{"token_file": ""}, {"url": "http://api.example.com"}, {"page": 0}])
def test_a_target_that_does_not_say_who_asks_whom_is_refused(options: dict[str, object], connect: Connect) -> None:
    with pytest.raises(ConfigError):
        connect(**options)


def test_where_nobody_states_that_the_token_sees_all_no_list_is_believed(connect: Connect) -> None:
    seen = look(connect(all_visible_because=""), user)

    told = Unknown("denied", STATED, "GET /Users", "no proof of sight")
    assert seen.status("scim.user", scope=SCOPE) == ("denied", told)


def test_the_statement_is_evidence(connect: Connect) -> None:
    (scope,) = connect().discover().scopes

    assert scope.values["all_visible_because"] == "an owner's token"


def test_pages_are_read_on_by_what_really_came(service: Scim, connect: Connect) -> None:
    service.page = 7
    service.answers["/Users"] = [account(f"u{n}") for n in range(20)]

    seen = look(connect(), user)

    assert (len(seen.values("scim.user", scope=SCOPE)), seen.status("scim.user", scope=SCOPE)) == (
        20,
        ("complete", None),
    )
    assert service.asked.count("/Users") == 3


def test_only_what_is_needed_is_asked_for_and_kept(service: Scim, connect: Connect) -> None:
    seen = look(connect(), user)

    bodies: dict[str, Any] = seen.values("scim.user", scope=SCOPE)
    told = {"active": True, "userType": None, "roles": ["owner"], "entitlements": [], "employeeNumber": None}
    keys = {name: bodies["u1"].pop(name) for name in ("userName", "emails")}
    assert bodies["u1"] == {"id": "u1", **told, "created": "2026-01-01T00:00:00Z", "lastModified": None}
    assert [set(keys["userName"]), *map(set, keys["emails"])] == [{"commitment"}, {"commitment"}]
    assert "attributes=id,active,userType,roles,entitlements" in service.log[0].target


def test_a_total_that_moves_meanwhile_makes_the_list_partial(service: Scim, connect: Connect) -> None:
    first = {"totalResults": 2, "Resources": [account("u1")]}
    service.answers["/Users?startIndex=1"] = say(first)
    service.answers["/Users?startIndex=2"] = say({"totalResults": 3, "Resources": [account("u2")]})

    seen = look(connect(), user)

    status, told = seen.status("scim.user", scope=SCOPE)
    assert (status, told and told.reason) == ("partial", "mixed")


def test_an_empty_page_before_the_end_makes_the_list_partial(service: Scim, connect: Connect) -> None:
    service.answers["/Users?startIndex=1"] = say({"totalResults": 9, "Resources": [account("u1")]})
    service.answers["/Users?startIndex=2"] = say({"totalResults": 9})

    seen = look(connect(), user)

    status, told = seen.status("scim.user", scope=SCOPE)
    assert (status, told and told.reason) == ("partial", "incomplete")


@pytest.mark.parametrize("body", [{}, {"totalResults": "3", "Resources": []}, {"totalResults": 1, "Resources": {}}, []])
def test_what_is_no_list_is_unreadable(body: object, service: Scim, connect: Connect) -> None:
    service.answers["/Users"] = say(body)

    seen = look(connect(), user)

    assert seen.status("scim.user", scope=SCOPE)[0] == "failed"


def test_a_member_is_a_group_where_its_address_says_so(service: Scim, connect: Connect) -> None:
    inner = {"value": "g2", "$ref": "https://api.example.com/scim/v2/Groups/g2"}
    service.answers["/Groups"] = [{"id": "g1", "displayName": "Admins", "members": [inner]}, {"id": "g2"}]

    seen = look(connect(), group)

    bodies: dict[str, Any] = seen.values("scim.group", scope=SCOPE)
    assert [bodies[id]["members"] for id in ("g1", "g2")] == [[{"value": "g2", "type": "Group"}], None]


def test_how_clients_sign_in_is_told(connect: Connect) -> None:
    seen = look(connect(), service)

    assert seen.values("scim.service", "configuration", SCOPE) == {
        "home": {"authenticationSchemes": ["oauthbearertoken"]}
    }


@pytest.mark.parametrize("scheme", [{"name": "Basic"}, {"type": None}, "httpbasic"])
def test_a_way_to_sign_in_whose_type_is_not_told_makes_the_answer_unreadable(
    scheme: object, service: Scim, connect: Connect
) -> None:
    service.answers["/ServiceProviderConfig"] = {"authenticationSchemes": [{"type": "oauth2"}, scheme]}

    seen = look(connect(), SERVICE)

    told = seen.values("scim.service", "configuration", SCOPE)["home"]
    assert isinstance(told, Unknown)
    assert told.reason == "unreadable"


@pytest.mark.parametrize(
    ("status", "body", "reason", "code"),
    [
        (401, {"status": "401"}, "unauthenticated", "401"),
        (403, {"status": "403", "detail": "no"}, "denied", "403"),
        (404, {"status": "404"}, "denied", "404"),
        (400, {"status": "400", "scimType": "tooMany"}, "failed", "tooMany"),
        (429, None, "throttled", "429"),
        (501, None, "unsupported", "501"),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(status: int, body: object, reason: str, code: str) -> None:
    found: Refused = refusal(Answer(status, {}, body, None))

    assert (found.reason, found.code) == (reason, code)


def test_the_rights_are_the_requests_that_are_made() -> None:
    assert provider.policy([Call("GET /Users", "/Users"), Call("GET /Groups", "/Groups")]) == (
        '{\n  "requests": [\n    "GET /Groups",\n    "GET /Users"\n  ]\n}'
    )


@pytest.mark.parametrize("permission", ["POST /Users", "PATCH /Groups/1", ""])
def test_a_request_that_writes_is_refused(permission: str) -> None:
    with pytest.raises(DeclarationError):
        provider.policy([Call(permission, "/x")])
