"""REST APIs: pages of every kind to their end, credentials that go nowhere else, and answers that are none."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import pytest

from annexlog.collectors import Page, Refused
from annexlog.collectors.options import Reach
from annexlog.collectors.rest import Fixed, Follow, Pages, Session, counted, linked, member, once, token
from annexlog.evidence_store.model import ConfigError
from tests.collectors.acme import ORIGIN, Answer, Server, fault

SECRET = "s3cret-token"


def base(server: Server, path: str = "") -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def session(server: Server, credentials: Any = None, path: str = "") -> Session:
    return Session(base(server, path), credentials or Fixed({"Authorization": f"Bearer {SECRET}"}), "targets.acme")


def read(server: Server, follow: Follow, query: Mapping[str, Any] | None = None) -> list[Any]:
    return [page.body for page in Pages(session(server), "/boxes", query or {}, follow)]


# ── pages ─────────────────────────────────────────────────────────────────────────────────


def test_an_answer_without_more_is_all_there_is(server: Server) -> None:
    server.say("/boxes", {"items": [1]})

    (page,) = Pages(session(server), "/boxes", {}, once)

    assert page == Page({"items": [1]}, "r-/boxes", ORIGIN)


@pytest.mark.parametrize(
    "link",
    [
        '<{}/boxes?page=2>; rel="next"',
        '<{}/boxes?page=1>; rel="self", <{}/boxes?page=2>; rel="next", <{}/boxes?page=9>; rel="last"',
        '<{}/boxes?page=2>; title="a; rel=x"; rel=next',
        '<{}/boxes?page=9>;rel="prev",<{}/boxes?page=2>;rel="up next"',
    ],
)
def test_a_link_leads_to_the_next_page(server: Server, link: str) -> None:
    server.say("/boxes", Answer([1], headers={"Link": link.replace("{}", base(server))}))
    server.say("/boxes?page=2", [2])

    assert read(server, linked) == [[1], [2]]


@pytest.mark.parametrize("link", ["", "<>", '<{}/boxes?page=9>; rel="prev"', "nonsense; rel=next"])
def test_where_no_link_leads_on_the_list_ends(server: Server, link: str) -> None:
    server.say("/boxes", Answer([1], headers={"Link": link.replace("{}", base(server))}))

    assert read(server, linked) == [[1]]


def test_a_member_of_the_answer_leads_to_the_next_page(server: Server) -> None:
    server.say(
        "/boxes?$select=id,name&$top=2", {"value": [1], "@odata.nextLink": base(server, "/boxes?$skiptoken=x%2B")}
    )
    server.say("/boxes?$skiptoken=x%2B", {"value": [2]})

    found = read(server, member("@odata.nextLink"), {"$select": "id,name", "$top": 2, "$filter": None})

    assert [body["value"] for body in found] == [[1], [2]]


def test_a_token_goes_with_the_same_query(server: Server) -> None:
    server.say("/boxes?customer=C1", {"boxes": [1], "nextPageToken": "a=b&c"})
    server.say("/boxes?customer=C1&pageToken=a%3Db%26c", {"boxes": [2], "nextPageToken": ""})

    found = read(server, token("nextPageToken", "pageToken"), {"customer": "C1"})

    assert [body["boxes"] for body in found] == [[1], [2]]


def test_pages_by_number_end_with_one_that_is_not_full(server: Server) -> None:
    server.say("/boxes?max=2", [1, 2])
    server.say("/boxes?max=2&first=2", [3, 4])
    server.say("/boxes?max=2&first=4", [])

    assert read(server, counted("first", "max", len), {"max": 2}) == [[1, 2], [3, 4], []]


def test_the_same_continuation_twice_is_no_list(server: Server) -> None:
    server.say("/boxes", {"next": base(server, "/boxes?page=2")})
    server.say("/boxes?page=2", {"next": base(server, "/boxes?page=2")})

    with pytest.raises(Refused, match="RepeatedToken"):
        read(server, member("next"))


def test_after_a_refusal_the_same_page_is_asked_for_again(server: Server) -> None:
    server.say("/boxes", {"next": base(server, "/boxes?page=2")})
    server.say("/boxes?page=2", fault(503, "Down"), {"n": 2})
    pages = Pages(session(server), "/boxes", {}, member("next"))
    next(pages)

    with pytest.raises(Refused):
        next(pages)

    assert [page.body for page in pages] == [{"n": 2}]
    assert server.log == ["/boxes", "/boxes?page=2", "/boxes?page=2"]


# ── where credentials go ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "elsewhere",
    ["https://127.0.0.1/boxes", "http://localhost/boxes", "http://127.0.0.1:1/boxes", "http://evil.example/boxes",
     "http://127.0.0.1:99999/boxes", "file:///etc/passwd", "http://evil.example\\@{host}/boxes"],
)  # fmt: skip
def test_a_page_of_another_origin_is_not_followed(server: Server, elsewhere: str) -> None:
    server.say("/boxes", {"next": elsewhere.replace("{host}", base(server, "").partition("//")[2].rstrip("/"))})

    with pytest.raises(Refused, match="OtherOrigin"):
        read(server, member("next"))

    assert server.log == ["/boxes"]


def test_a_redirection_is_not_followed(server: Server) -> None:
    server.say("/boxes", Answer(None, 302, headers={"Location": base(server, "/other")}))

    with pytest.raises(Refused) as refused:
        read(server, once)

    assert (refused.value.reason, refused.value.code, refused.value.again) == ("failed", "302", False)
    assert server.log == ["/boxes"]


@pytest.mark.parametrize("address", ["http://api.example", "ftp://127.0.0.1", "api.example", "", "http://"])
def test_an_address_without_tls_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="not reached by https"):
        Session(address, Fixed({}), "targets.acme.url")


def test_certificates_that_cannot_be_read_are_told() -> None:
    with pytest.raises(ConfigError) as error:
        Session("https://api.example", Fixed({}), "targets.acme", reach=Reach(ca_file="/nowhere"))

    assert error.value.where == "targets.acme.ca_file"


def test_the_query_and_the_token_are_in_no_message() -> None:
    there = Session("http://127.0.0.1:1", Fixed({"Authorization": SECRET}), "targets.acme")

    with pytest.raises(Refused) as refused:
        there.get("/boxes", {"token": SECRET})

    assert refused.value.reason == "failed"
    assert SECRET not in f"{refused.value} {refused.value.message}"


class Twice:
    """Credentials of which the first no longer count."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": self._tokens[0]}

    def renew(self) -> bool:
        return len(self._tokens) > 1 and self._tokens.pop(0) is not None


def test_credentials_that_no_longer_count_are_renewed_once(server: Server) -> None:
    server.say("/boxes", fault(401, "Expired"), {"items": [1]})

    found = session(server, Twice("old", "new")).get("/boxes")

    assert (found.body, [headers["Authorization"] for headers in server.headers]) == ({"items": [1]}, ["old", "new"])


def test_where_nothing_else_can_be_tried_the_refusal_stands(server: Server) -> None:
    server.say("/boxes", fault(401, "Expired"))

    with pytest.raises(Refused) as refused:
        session(server, Twice("old", "new")).get("/boxes")

    assert (refused.value.reason, server.asked["/boxes"]) == ("unauthenticated", 2)


# ── answers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "reason", "again"),
    [(400, "failed", False), (401, "unauthenticated", None), (403, "denied", None), (404, "failed", False),
     (408, "failed", None), (410, "failed", False), (429, "throttled", None), (500, "failed", None),
     (501, "unsupported", None), (503, "failed", None)],
)  # fmt: skip
def test_each_status_is_told_as_what_it_is(server: Server, status: int, reason: str, again: bool | None) -> None:
    server.say("/boxes", fault(status, "No", Retry_After="7"))

    with pytest.raises(Refused) as refused:
        session(server).get("/boxes")

    told = refused.value
    assert (told.reason, told.code, told.again, told.after) == (reason, str(status), again, 7)


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"a": ', b"\xff"])
def test_a_success_that_is_no_json_is_unreadable(server: Server, raw: bytes) -> None:
    server.say("/boxes", Answer(raw=raw))

    with pytest.raises(Refused, match="NotJSON"):
        session(server).get("/boxes")


def test_an_answer_of_nothing_is_null(server: Server) -> None:
    server.say("/boxes", Answer(status=204, raw=b""))

    assert session(server).get("/boxes").body is None


def test_an_answer_that_unpacks_to_too_much_is_unreadable(server: Server) -> None:
    bomb = gzip.compress(b'"' + b"a" * (8 << 20) + b'"')
    server.say("/boxes", Answer(raw=bomb, headers={"Content-Encoding": "gzip"}))
    there = Session(base(server), Fixed({}), "targets.acme", most=1 << 20)

    with pytest.raises(Refused, match="TooLong"):
        there.get("/boxes")


def test_a_path_is_below_the_base(server: Server) -> None:
    server.say("/api/v1/boxes?limit=2", {"items": []})

    assert session(server, path="/api/v1").get("/boxes", {"limit": 2}).body == {"items": []}
