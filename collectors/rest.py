"""REST APIs as the engine asks them: one session with its credentials, and every way in which providers page.

An adapter to such a provider is its options, its credentials and its scopes; the rest is here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import orjson
import urllib3

from annexlog.collectors import Page, Refused
from annexlog.collectors.headers import pause, retry_after
from annexlog.collectors.options import USUAL, Reach
from annexlog.evidence_store.model import ConfigError

MAX_ANSWER = 256 << 20
"""Bytes of one answer."""

_SLICE = 1 << 20
_REASONS = {401: "unauthenticated", 403: "denied", 429: "throttled", 501: "unsupported"}
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*=\s*(?:\"[^\"]*\"|[^\s\";,]*))*)")
_PARAMETER = re.compile(r";\s*([\w!#$&+.^`|~*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s\";,]*))")

Query = Mapping[str, Any]


class Credentials(Protocol):
    """What proves who asks. Methods raise Refused (unauthenticated) where nothing can be had."""

    def headers(self) -> Mapping[str, str]:
        """For the next request; what has run out by itself is renewed."""
        ...

    def renew(self) -> bool:
        """After a 401: whether there are others to try with now."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """Credentials that are always the same: a token of the configuration."""

    given: Mapping[str, str]

    def headers(self) -> Mapping[str, str]:
        return self.given

    def renew(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is JSON; None where there is none (204). `date`: in ms, of the Date header."""

    status: int
    headers: Mapping[str, str]
    body: Any
    date: int | None

    def page(self, *, mixed: str = "", total: int | None = None) -> Page:
        names = ("x-request-id", "x-ms-request-id", "request-id", "x-github-request-id", "x-okta-request-id")
        ids = (self.headers.get(name) for name in names)
        return Page(self.body, next(filter(None, ids), ""), self.date, mixed, total, pause=pause(self.headers))


def refusal(answer: Answer) -> Refused:
    """What an answer that is no success refuses; providers with codes of their own have a better one."""
    reason = _REASONS.get(answer.status, "failed")
    # A 4xx is a definite answer, which asking again would only repeat.
    again = False if reason == "failed" and 300 <= answer.status < 500 and answer.status != 408 else None
    return Refused(reason, str(answer.status), "", again=again, after=retry_after(answer.headers))


class Session:
    """An API at one origin. Threads may use it at once. Raises ConfigError if its address or certificates are no good.

    What is sent goes to that origin only, over TLS that is verified (to this host itself also without); redirections
    are not followed: they would carry the credentials along. `reach`: the target's Options. `most`: bytes of an answer.
    `prove(method, url, headers)`: headers that are of one request alone.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        where: str,
        *,
        reach: Reach = USUAL,
        refusal: Callable[[Answer], Refused] = refusal,
        headers: Mapping[str, str] | None = None,
        most: int = MAX_ANSWER,
        prove: Callable[[str, str, Mapping[str, str]], Mapping[str, str]] | None = None,
    ) -> None:
        self.base = base.rstrip("/") + "/"
        self._origin = _origin(self.base)
        self._credentials, self._refusal, self._headers = credentials, refusal, dict(headers or {})
        self._most, self._prove = most, prove
        self._timeout = urllib3.Timeout(connect=reach.connect_timeout, read=reach.read_timeout)
        url = urlsplit(self.base)
        if not url.hostname or (url.scheme != "https" and not (url.scheme == "http" and loopback(url.hostname))):
            raise ConfigError(f"{base} is not reached by https.", where=where, next="Correct the address.")
        self._pool = _pool(reach, where)

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    def get(self, path: str, query: Query | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One GET; `path` is relative to the base, or a URL of the same origin. Raises Refused.

        After a 401 the credentials are renewed, once.
        """
        url = self.url(path, query)
        answer = self._once("GET", url, headers or {}, None)
        if answer.status == 401 and self._credentials.renew():
            answer = self._once("GET", url, headers or {}, None)
        return self._judged(answer)

    def ask(self, path: str, body: Any, query: Query | None = None, *, form: bool = False) -> Answer:
        """A question that the provider takes as a POST (Resource Graph); `body` is sent as JSON. Raises Refused.

        `form`: it is sent as a form instead, which is how OAuth's token endpoints ask for it.
        """
        url, data = self.url(path, query), urlencode(body).encode() if form else orjson.dumps(body)
        kind = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
        answer = self._once("POST", url, kind, data)
        if answer.status == 401 and self._credentials.renew():
            answer = self._once("POST", url, kind, data)
        return self._judged(answer)

    def url(self, path: str, query: Query | None = None) -> str:
        """The address of a path. Raises Refused (unreadable) where a server leads us to another one."""
        url = path if "://" in path[:10] else urljoin(self.base, path.lstrip("/"))
        if _origin(url) != self._origin:
            raise Refused("unreadable", "OtherOrigin", f"{urlsplit(url).netloc} is not {self.host}")
        if query:
            told = {name: value for name, value in query.items() if value is not None}
            url += ("&" if urlsplit(url).query else "?") + urlencode(told, doseq=True, quote_via=quote, safe="$,:@'()/")
        return url

    def _judged(self, answer: Answer) -> Answer:
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        return answer

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        sent = {"Accept": "application/json", "User-Agent": "annexlog", "Accept-Encoding": "gzip"}
        sent |= {**self._headers, **headers, **self._credentials.headers()}
        sent |= self._prove(method, url, sent) if self._prove else {}
        try:
            response = self._pool.request(
                method, url, headers=sent, body=body, timeout=self._timeout,
                preload_content=False, redirect=False, retries=False,
            )  # fmt: skip
            try:
                data = bounded(response, self._most)
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Refused("failed", type(error).__name__, innermost(error)) from None
        told = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, told, _json(response.status, data), dated(told.get("date", "")))

    def close(self) -> None:
        self._pool.clear()


# ── pages ─────────────────────────────────────────────────────────────────────────────────

Follow = Callable[[Answer, Mapping[str, Any]], "str | Mapping[str, Any] | None"]
"""What comes after an answer to a query: the next URL, the parameters of the next query, or None at the end."""


class Pages:
    """The pages of one GET. After a Refused, `next` asks for the same page again.

    `total(answer)`: how many items the provider says there are.
    """

    def __init__(
        self,
        session: Session,
        path: str,
        query: Mapping[str, Any],
        follow: Follow,
        *,
        headers: Mapping[str, str] | None = None,
        total: Callable[[Answer], int | None] = lambda _: None,
    ) -> None:
        self._session, self._path, self._query = session, path, dict(query)
        self._follow, self._headers, self._total = follow, headers, total
        self._seen: set[str] = set()
        self._over = False

    def __iter__(self) -> Pages:
        return self

    def __next__(self) -> Page:
        if self._over:
            raise StopIteration
        answer = self._session.get(self._path, self._query, self._headers)
        following = self._follow(answer, self._query)
        if following is None:
            self._over = True
        else:
            trail = repr(following)
            if trail in self._seen:
                raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")
            self._seen.add(trail)
            if isinstance(following, str):
                self._path, self._query = following, {}
            else:
                self._query = dict(following)
        return answer.page(total=self._total(answer))


def once(_answer: Answer, _query: Mapping[str, Any]) -> None:
    """There is one page."""
    return


def linked(answer: Answer, _query: Mapping[str, Any]) -> str | None:
    """The link header's `next` (RFC 8288): GitHub, Okta."""
    for url, parameters in _LINK.findall(answer.headers.get("link", "")):
        found = {name.lower(): quoted or bare for name, quoted, bare in reversed(_PARAMETER.findall(parameters))}
        if "next" in found.get("rel", "").lower().split():
            return str(url)
    return None


def member(name: str) -> Follow:
    """The body's member that is the next URL: `@odata.nextLink` (Graph), `nextLink` (ARM)."""

    def follow(answer: Answer, _query: Mapping[str, Any]) -> str | None:
        found = answer.body.get(name) if isinstance(answer.body, dict) else None
        return str(found) if found else None

    return follow


def token(name: str, parameter: str) -> Follow:
    """The body's member that is the token of the next page, and the parameter that takes it: Google's APIs."""

    def follow(answer: Answer, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found = answer.body.get(name) if isinstance(answer.body, dict) else None
        return {**query, parameter: found} if found else None

    return follow


def counted(start: str, size: str, items: Callable[[Any], int], *, first: int = 0) -> Follow:
    """Pages by number of the first item: the next is asked for until one is not full (Keycloak's `first`, `max`).

    `items(body)`: how many are in an answer. `first`: the number of the very first.
    """

    def follow(answer: Answer, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
        held = items(answer.body)
        at = int(query.get(start, first))
        return {**query, start: at + held} if held and held >= int(query[size]) else None

    return follow


# ── underneath ────────────────────────────────────────────────────────────────────────────


def loopback(host: str) -> bool:
    """Whether a host is this one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def dated(value: str) -> int | None:
    """A Date header in ms; None where it is none."""
    try:
        return round(parsedate_to_datetime(value).timestamp() * 1000)
    except ValueError:
        return None


def innermost(error: BaseException) -> str:
    """The words of what went wrong underneath: urllib3's own tell of pools, and quote the whole address."""
    reason = getattr(error, "reason", None)
    return str(reason if isinstance(reason, BaseException) else error).partition("?")[0][:300]


def bounded(response: Any, most: int = MAX_ANSWER) -> bytes:
    """An answer's body, unpacked. Raises Refused (unreadable) if it is longer than `most`."""
    found = bytearray()
    for part in response.stream(_SLICE, decode_content=True):
        found += part
        if len(found) > most:
            response.close()
            raise Refused("unreadable", "TooLong", f"the answer is longer than {most} bytes")
    return bytes(found)


def query_of(url: str) -> dict[str, str]:
    """The parameters in a URL."""
    return dict(parse_qsl(urlsplit(url).query))


def _json(status: int, data: bytes) -> Any:
    if not data and (status == 204 or status >= 300):
        return None
    try:
        return orjson.loads(data)
    except ValueError as error:
        if status >= 300:
            return None
        raise Refused("unreadable", "NotJSON", str(error)) from None


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port as urllib3 reads them, which connects: others take a backslash for a part of a name."""
    try:
        parts = urllib3.util.parse_url(url)
    except urllib3.exceptions.LocationParseError:
        return "", "", -1
    scheme = parts.scheme or ""
    return scheme, (parts.host or "").lower(), parts.port or {"https": 443, "http": 80}.get(scheme)


def _pool(reach: Reach, where: str) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": 64, "cert_reqs": "CERT_REQUIRED"}
    if reach.ca_file:
        try:
            with open(reach.ca_file, "rb"):  # noqa: PTH123 — only whether it can be read
                options["ca_certs"] = reach.ca_file
        except OSError as error:
            raise ConfigError(f"{reach.ca_file} cannot be read: {error.strerror}.", where=f"{where}.ca_file") from None
    return urllib3.ProxyManager(reach.proxy, **options) if reach.proxy else urllib3.PoolManager(**options)
