"""Ask providers what is there. The public plugin API: how a resource type is declared, and how it is found.

Collectors know nothing of controls or storage: they turn a provider's answers into facets, or into an
Unknown with its reason. A resource type is data; `engine` is the one place that acts on it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Final, Protocol

import msgspec

from annexlog.collectors.templates import Params, condition, spread, template
from annexlog.evidence_store.model import JSON, Coverage, DeclarationError, Millis, TypeShape, Unknown

__all__ = [
    "UNREADABLE",
    "Adapter",
    "Call",
    "Caller",
    "Counted",
    "Detail",
    "Discovery",
    "Page",
    "Provider",
    "Refused",
    "ResourceType",
    "Scope",
    "providers",
    "resource_types",
]


class _Unreadable:
    def __repr__(self) -> str:
        return "UNREADABLE"


UNREADABLE: Final = _Unreadable()
"""Where a declaration gives no value for what an answer lacks: the answer is Unknown(unreadable)."""


# ── declarations ──────────────────────────────────────────────────────────────────────────


# What conditions know already, and what CEL keeps for itself.
_RESERVED = frozenset({
    "id", "scope", "tags", "now", "registers", "settings",
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "true", "type", "var", "void", "while",
})  # fmt: skip


def _refuse(wrong: bool, where: str, why: str) -> None:
    if wrong:
        raise DeclarationError(why, where=where)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    items: str | None = None
    take: str | None = None
    absent: tuple[str, ...] = ()
    missing: Any = UNREADABLE
    decode: Mapping[str, str] = field(default_factory=dict)
    fn: Callable[..., Iterable[Page]] | None = None
    observed: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call(_Answer):
    """One read of a provider.

    `permission`: the provider's own name of what the caller must be allowed (`s3:GetBucketAcl`).
    `operation`: the adapter's name of the call (`get_bucket_acl`; `s3control.get_public_access_block` where the
    client is not named like the permission; a REST path; an LDAP filter).
    `params`: its parameters; `{facet.path.to.member}` and `{value_of_the_scope}` in a text, however deep, are filled
    from what was seen so far; `{path:4}` is the field 4, from 0, between its colons (an ARN's account). A text that
    is one hole and nothing else keeps the value's type. What is not there, or null, makes the answer unreadable.
    Quoting (of a path into a URL) is the adapter's: give it the parts as params.
    `items`: path of a list in the answer; all pages are read and joined ("" where a page is the list;
    `Reservations[].Instances` joins the lists inside a list).
    `take`: path of the one value wanted from a single answer (neither: the whole answer).
    `absent`: error codes that *are* the answer "not configured" (value null), as `Code` or `Code:message fragment`.
    `missing`: the value where the answer lacks its `items` or `take` member; not given, such an answer is unreadable.
    `decode`: {path: kind} texts inside the value ("" the whole, `[].Policy` of each item) that are JSON themselves
    ("json"), or hold a text in base64, perhaps packed by gzip or in parts of a MIME message ("base64": see unpacking).
    `fn(ask, params)`: stands in where one call is not enough; `ask(operation, params)` makes one call and returns
    its Page (or raises Refused), and the function yields Pages. Each `ask` is made again where that may help; a
    Refused of the function's own starts it again, if it has yielded nothing yet.
    `observed`: path in each page's body of the provider's own, older time of the answer (`[].Time`: the oldest).
    `also`: further permissions that the call needs.
    """

    permission: str
    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)

    # kw-only fields are inherited: items, take, absent, missing, decode, fn, observed, also

    def __post_init__(self) -> None:
        """Raises DeclarationError."""
        _refuse(self.items is not None and self.take is not None, self.operation, "it has both items and take")
        for path, kind in self.decode.items():
            _refuse(kind not in ("json", "base64"), self.operation, f"it cannot decode {kind!r}")
            is_list = spread(path)[:1] == ("[]",)
            _refuse(
                (self.items is not None) is not is_list,
                self.operation,
                f"what it decodes at {path!r} {'begins' if is_list else 'does not begin'} with []",
            )


@dataclass(frozen=True, slots=True)
class Detail:
    """One more facet of every resource of a type.

    `only`: `path == 'literal'` or `path != 'literal'` over the facets seen so far: where it is false the call
    would make no sense (an AWS-managed key's rotation) and the facet is null. A member that is not there makes it
    unreadable, except when compared with '': then it reads as ''.
    Templates and `only` may read the listing's facet, the parents', and details declared before; such a detail is
    asked for with this one, and if it is Unknown, this one is that Unknown.
    `region`: template of the region to ask instead of the scope's own (which stays where it cannot be filled).
    `key`, `match`: the call is a bulk source, asked once a scope: its rows are found by `row[key] == match`.
    `value`: the member of the row that is wanted; not given, the whole row.
    `otherwise`: the value for a resource that the bulk answer does not mention; not given, Unknown(unlisted).
    `batch`: the parameter that takes many resources at once, and how many: ("names", 10); needs `key`, `match`;
    the parameter's value is the list of the `match` values. Its other parameters may read the parents' facets.
    """

    facet: str
    call: Call
    only: str | None = None
    region: str | None = None
    key: str | None = None
    match: str | None = None
    value: str | None = None
    otherwise: Any = UNREADABLE
    batch: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        """Raises DeclarationError."""
        _refuse((self.key is None) is not (self.match is None), self.facet, "key and match go together")
        _refuse(self.value is not None and self.key is None, self.facet, "a value needs key and match")
        _refuse(self.batch is not None and self.key is None, self.facet, "a batch needs key and match")
        _refuse(self.key is not None and self.call.items is None, self.facet, "a bulk source needs items")
        _refuse(self.otherwise is not UNREADABLE and self.key is None, self.facet, "otherwise needs key and match")

    def roots(self) -> frozenset[str]:
        """The first names of all paths in its templates and `only`: facets, or values of the scope."""
        found = Params(self.call.params).roots
        found |= condition(self.only).roots if self.only else frozenset()
        return found.union(*(template(text).roots for text in (self.region, self.match) if text))


@dataclass(frozen=True, slots=True)
class Counted:
    """A second source that counts a population: a resource of another type of the same scope holds the number.

    `type`: that type. `id`: the id of the resource that counts this population. `member`: the number in its listing.
    `least`: the member of its listing that is true where the source may know of fewer than there are: then only a
    number above ours is a difference. Where the source does not speak of the population, it says nothing of it; a
    number of 0 must be said.
    """

    type: str
    id: str
    member: str = "count"
    least: str = ""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What one kind of resource is, and how it is seen.

    `name`: `<provider>.<service>.<kind>`. `facet`: the name of what the listing itself says of one resource.
    `id`: template of the native id (`{path}` over the scope and the facet). Two resources may not have one id.
    `listed`: the call that lists the population; None: the scope itself is the one resource, and its facet is the
    scope's attributes.
    `per`: which level of scope is asked (`organization`, `account`, `region`, `cluster` …).
    `under`: another type of the same scope whose resources are asked one by one for theirs (parent and child
    listings); the parent's facet can be used in `listed.params` and in `id`.
    `scope`: template of the scope an item belongs to, where one answer speaks for many.
    `home`: template that must equal one of the scope's values (its region, its account) or the scope's name; else
    the item counts as seen elsewhere.
    `gone`: error codes of a detail that say the resource vanished meanwhile. `sight`: a call that proves that we may
    see all of the scope, where the provider filters silently. `fold`: the id's case means nothing.
    `tags`: path of the tags. `incarnation`: path in the listing whose change means another resource under an old
    name. `redact`: {path: pattern set of patterns.toml} values never stored; of an object or list, all in it;
    `key:email` instead of a set keeps what another directory's address can be compared with (rules.redactor).
    `ignore`: paths of volatile fields. `sets`: paths of lists whose order means nothing. These paths begin with a
    facet's name; `[]` goes into each item of a list.
    `counted`: the second sources of the population, reconciled when asked for. `opens`: each resource is a scope of
    this name itself (`{id}` is its own), which should have been looked at (an organization's account).
    `stays(body, now)`: whether a resource should be in the next answer too, by what was last seen of it. `loss`: the
    scope's value that says how many of a hundred such may be missing from one (one of them always may). If more are,
    the answer is incomplete and nothing is gone: a file that was cut looks like one of fewer rows.
    """

    name: str
    facet: str
    id: str
    listed: Call | None
    details: Sequence[Detail] = ()
    per: str = "region"
    under: str | None = None
    scope: str | None = None
    home: str | None = None
    gone: tuple[str, ...] = ()
    sight: Call | None = None
    fold: bool = False
    tags: str | None = None
    incarnation: str | None = None
    redact: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    counted: tuple[Counted, ...] = ()
    opens: str | None = None
    stays: Callable[[Any, Millis], bool] | None = None
    loss: str = ""

    def __post_init__(self) -> None:
        """Raises DeclarationError."""
        _refuse(bool(self.loss) is (self.stays is None), self.name, "stays and loss go together")
        known = [self.facet]
        for detail in self.details:
            _refuse(detail.facet in known, self.name, f"its facet {detail.facet} is declared twice")
            known.append(detail.facet)
        for index, detail in enumerate(self.details, 1):
            late = detail.roots().intersection(known[index:])
            _refuse(bool(late), self.name, f"its facet {detail.facet} needs {', '.join(late)}, which comes no earlier")
        for facet in known:
            _refuse(
                facet in _RESERVED, self.name, f"a facet cannot be called {facet}: conditions mean something else by it"
            )
        paths = (*self.redact, *self.ignore, *self.sets, *filter(None, (self.tags, self.incarnation)))
        for path in paths:
            _refuse(spread(path)[0] not in known, self.name, f"its path {path} begins with no facet")
        for path in (*self.redact, *self.ignore):
            _refuse(len(spread(path)) == 1, self.name, f"its path {path} is all of a facet")
        off = bool(self.incarnation) and spread(self.incarnation or "")[0] != self.facet
        _refuse(off, self.name, "its incarnation is not in the listing")
        _refuse(
            self.listed is None and bool(self.under or self.scope),
            self.name,
            "what is not listed has no under, no scope",
        )
        _refuse(self.listed is not None and self.listed.items is None, self.name, "its listing names no items")

    @property
    def provider(self) -> str:
        return self.name.partition(".")[0]

    @property
    def facets(self) -> tuple[str, ...]:
        """All facets' names, the listing's own first."""
        return (self.facet, *(d.facet for d in self.details))

    def needs(self, facets: Iterable[str]) -> frozenset[str]:
        """These details, and those that they need themselves; the listing's facet, and names it has not, left out."""
        wanted = set(facets)
        for detail in reversed(self.details):
            if detail.facet in wanted:
                wanted |= detail.roots()
        return frozenset(detail.facet for detail in self.details if detail.facet in wanted)

    def closure(self, wanted: Mapping[str, Millis]) -> dict[str, Millis]:
        """Facets and how often they are wanted, with what they need themselves, as often as whatever needs it."""
        found = dict(wanted)
        for facet, every in wanted.items():
            for needed in self.needs((facet,)):
                found[needed] = min(every, found.get(needed, every))
        return found

    def calls(self, facets: Iterable[str] | None = None) -> tuple[Call, ...]:
        """The calls that the listing and these details (None: all), with those that they need, make."""
        wanted = None if facets is None else self.needs(facets)
        first = [c for c in (self.listed, self.sight) if c is not None]
        return (*first, *(d.call for d in self.details if wanted is None or d.facet in wanted))

    def shape(self, members: Mapping[str, frozenset[str]] | None = None) -> TypeShape:
        return TypeShape(
            self.name, self.facet, self.facets, self.per, self.provider, members or {}, self.tags, self.listed is None
        )


# ── what an adapter gives the engine ──────────────────────────────────────────────────────


class Refused(Exception):
    """A call that gave no answer: `reason` is one of model.REASONS, `code` and `message` are the provider's.

    `again`: whether asking again may mend it; None: if the reason is throttled or failed. False for a definite answer
    that has no reason of its own (a 404). `after`: seconds that the provider asks to wait before asking again
    (`headers.retry_after`). `operation` and `permission`: the call's, filled in by the engine, unless the adapter
    names another that stood in the way (a role that cannot be assumed).
    """

    def __init__(
        self, reason: str, code: str, message: str = "", *, again: bool | None = None, after: float = 0.0
    ) -> None:
        super().__init__(f"{reason}: {code} {message}".strip())
        self.reason, self.code, self.message, self.again, self.after = reason, code, message, again, after
        self.operation = self.permission = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `body` is JSON: times are RFC 3339 texts in UTC, bytes are base64 texts (as a provider's JSON has
    them); `bodies.clean` makes it of an SDK's own objects. `date`: the provider's Date header, in ms. `mixed`: why
    this page is not of the same moment as the first. `total`: how many items the provider says there are. `retries`:
    how often the adapter itself had to ask again. `version`: the provider's own name of the moment that it shows.
    `pause`: seconds for which the provider is better left alone, for little is left of what it gives us.
    """

    body: Any
    request_id: str = ""
    date: Millis | None = None
    mixed: str = ""
    total: int | None = None
    retries: int = 0
    version: str = ""
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Scope:
    """What one asker answers for. `values` fill the templates (partition, account, region …) and become the scope's
    attributes as evidence; `level` is what `ResourceType.per` names. `asker`: the scope of the same target that answers
    for it, where one answer speaks for many: all scopes that name it are looked at together (types have a `scope`).
    """

    name: str
    level: str
    values: Mapping[str, str]
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and whom: an ARN or principal, and the endpoint's host."""

    identity: str
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The scopes of a target. `skipped`: {scope name: why it is not looked at} (a region not opted in, an account
    suspended); `scopes` holds these too, so that their attributes are known. Where not all could be learnt, `status`
    and `refusals` say so and `scopes` is what is known.
    """

    scopes: Sequence[Scope]
    skipped: Mapping[str, str] = field(default_factory=dict)
    status: Coverage = Coverage.COMPLETE
    refusals: Sequence[Unknown] = ()
    provenance: Mapping[str, JSON] = field(default_factory=dict)


class Adapter(Protocol):
    """A connected target. Everything that knows the provider's protocol is behind this."""

    def discover(self) -> Discovery:
        """The scopes there are; a refused read becomes a refusal of the Discovery. Raises ProviderError."""
        ...

    def caller(self, scope: Scope) -> Caller:
        """Who asks in this scope. Raises Refused."""
        ...

    def lane(self, call: Call, scope: Scope) -> str:
        """Calls of one lane share a rate limit (`aws/<account>/<region>/<service>`)."""
        ...

    def pages(self, call: Call, params: Mapping[str, Any], scope: Scope, region: str | None = None) -> Iterator[Page]:
        """Every page of a call's answer; follows every continuation. Raises Refused, and nothing else on purpose.

        The engine runs a call's `fn` itself: what comes here are the calls that the function asks for.

        Each `next` is one request. After a Refused, `next` asks for the same page again; an iterator that cannot
        (a generator) ends instead, and then the Refused stands: an end right after a Refused is never the end.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """How a target of one provider is configured and connected.

    `options`: the keys of its `[targets.<name>]` table. `connect(options, name)` builds an Adapter, making no call.
    `members(type)`: {facet: published field names}, read from the provider's own model; {} where it has none.
    `policy(calls)`: the least-privilege grant for these calls, in the provider's own form, as text.
    `ceilings(options)`: calls per second that we allow ourselves, by pattern of lanes (see limits.Limits).
    `fitted(calls, options)`: the policy for targets with these options, where options of a target change it.
    """

    name: str
    options: type[msgspec.Struct]
    connect: Callable[[Any, str], Adapter]
    members: Callable[[ResourceType], Mapping[str, frozenset[str]]]
    policy: Callable[[Iterable[Call]], str]
    ceilings: Callable[[Any], Mapping[str, float]] = lambda options: {}  # noqa: ARG005 — none
    fitted: Callable[[Iterable[Call], Sequence[Any]], str] | None = None


# ── discovery: built-ins and third parties alike ──────────────────────────────────────────

GROUP = "annexlog.collectors"
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


def _modules(point: EntryPoint) -> Iterator[ModuleType]:
    root = point.load()
    yield root
    for found in sorted(pkgutil.iter_modules(getattr(root, "__path__", ())), key=lambda m: m.name):
        if not found.name.startswith("_"):
            yield importlib.import_module(f"{root.__name__}.{found.name}")


@cache
def resource_types() -> Mapping[str, ResourceType]:
    """Every declared resource type by name: each `ResourceType` at the top of a module of an entry point.

    Raises DeclarationError on a name that is malformed or declared twice.
    """
    found: dict[str, ResourceType] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        for module in _modules(point):
            for value in vars(module).values():
                if not isinstance(value, ResourceType):
                    continue
                if not _NAME.fullmatch(value.name):
                    raise DeclarationError(f"{value.name!r} is not a name such as aws.s3.bucket", where=module.__name__)
                if found.setdefault(value.name, value) is not value:
                    raise DeclarationError(f"{value.name} is declared twice", where=module.__name__)
    return found


@cache
def providers() -> Mapping[str, Provider]:
    """Every provider by name: each `Provider` at the top of an entry point's own module."""
    loaded = (point.load() for point in sorted(entry_points(group=GROUP), key=lambda p: p.name))
    found = [value for module in loaded for value in vars(module).values() if isinstance(value, Provider)]
    return {provider.name: provider for provider in found}
