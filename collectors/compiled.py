"""A resource type made ready to be asked: every path, template and condition compiled, once."""

from __future__ import annotations

from dataclasses import dataclass

from annexlog.collectors import Call, Detail, Refused, ResourceType
from annexlog.collectors.bodies import Reading
from annexlog.collectors.rules import Rules
from annexlog.collectors.templates import Condition, Params, Template, condition, steps, template


class Codes:
    """Error codes as declared: `Code`, or `Code:message fragment`."""

    __slots__ = ("_codes",)

    def __init__(self, declared: tuple[str, ...]) -> None:
        self._codes = tuple(spec.partition(":")[::2] for spec in declared)

    def match(self, refused: Refused) -> bool:
        return any(refused.code == code and fragment in refused.message for code, fragment in self._codes)


class Read:
    """A call, ready to be made. `absent`, `gone`: refusals that say all there is to say."""

    __slots__ = ("absent", "call", "gone", "params", "reading")

    def __init__(self, call: Call, gone: tuple[str, ...] = ()) -> None:
        self.call = call
        self.params = Params(call.params)
        self.reading = Reading(call)
        self.absent, self.gone = Codes(call.absent), Codes(gone)

    def settles(self, refused: Refused) -> bool:
        """Whether asking again would be pointless: the refusal is an answer."""
        return self.absent.match(refused) or self.gone.match(refused)


class Step:
    """A detail, ready to be asked for. `needs`: the facets that it reads."""

    __slots__ = ("batch", "detail", "facet", "key", "match", "needs", "only", "read", "region", "value")

    def __init__(self, kind: ResourceType, detail: Detail) -> None:
        self.detail = detail
        self.facet = detail.facet
        self.read = Read(detail.call, kind.gone)
        self.only: Condition | None = condition(detail.only) if detail.only else None
        self.region: Template | None = template(detail.region) if detail.region else None
        self.key = None if detail.key is None else steps(detail.key)
        self.value = None if detail.value is None else steps(detail.value)
        self.match: Template | None = None if detail.match is None else template(detail.match)
        self.batch = detail.batch
        self.needs = tuple(sorted(detail.roots() & set(kind.facets)))


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource type, ready to be asked for. `chunk`: how many resources are asked for at once, for batches' sake."""

    type: ResourceType
    id: Template
    listed: Read | None
    sight: Read | None
    home: Template | None
    scope: Template | None
    gone: Codes
    steps: tuple[Step, ...]
    rules: dict[str, Rules]
    chunk: int


def compile_type(type: ResourceType, redaction_key: bytes | None) -> Kind:
    """Raises DeclarationError."""
    return Kind(
        type,
        template(type.id),
        Read(type.listed) if type.listed else None,
        Read(type.sight) if type.sight else None,
        template(type.home) if type.home else None,
        template(type.scope) if type.scope else None,
        Codes(type.gone),
        tuple(Step(type, detail) for detail in type.details),
        {facet: Rules(type, facet, redaction_key) for facet in type.facets},
        max((detail.batch[1] for detail in type.details if detail.batch), default=1),
    )
