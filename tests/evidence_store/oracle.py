"""The as-of rules once more, written apart from the store and as plainly as can be: every look is kept whole.

A look holds all that its answer said, and every question walks all of them. Nothing here is fast, or shares code with
the store but for the words of the model.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from annexlog.evidence_store.model import Coverage, Line, Outcome, Unknown, encode

UNOBSERVED = Unknown("unobserved")
WHOLE = (Coverage.COMPLETE, Coverage.PARTIAL)


@dataclass
class Look:
    """`when`: (end, seq), the order of observation. `content`: what the answer said, by id."""

    line: Line
    status: Coverage
    start: int
    when: tuple[int, int]
    refusal: Unknown | None = None
    rules: dict = field(default_factory=dict)
    content: dict = field(default_factory=dict)
    causes: dict = field(default_factory=dict)
    upto: int = 0


def same(a, b):
    """Equal as bytes: 1 is not True."""
    return spell(a) == spell(b)


def spell(value):
    if isinstance(value, Outcome):
        return (value.status, value.reason)
    return encode(value)


class Oracle:
    def __init__(self):
        self.records = []  # (recorded, [Look])

    # ── writing ───────────────────────────────────────────────────────────────────────────

    def record(self, run, contents, recorded):
        looks = []
        seq = len(self.records) + 1
        for sweep in run.sweeps:
            told = sweep.status in (*WHOLE, Coverage.SUPPLEMENT)
            content = dict(contents.get(sweep.line, {})) if told else {}
            when = (sweep.end, seq)
            looks.append(Look(sweep.line, sweep.status, sweep.start, when, sweep.refusal, dict(sweep.rules), content))
        return self._append(recorded, looks)

    def record_assessment(self, assessment, recorded):
        looks = []
        seq = len(self.records) + 1
        for judged in assessment.lines:
            content = judged.outcomes
            if content is None:
                content = self.looks(judged.line, assessment.now, assessment.upto)[0].content
            when = (assessment.now, seq)
            looks.append(
                Look(judged.line, Coverage.COMPLETE, assessment.now, when, content=dict(content),
                     causes=dict(judged.causes or {}), upto=assessment.upto)
            )  # fmt: skip
        return self._append(recorded, looks)

    def _append(self, recorded, looks):
        before = self.records[-1][0] if self.records else 0
        self.records.append((max(before, recorded), looks))
        return len(self.records)

    # ── which looks count ─────────────────────────────────────────────────────────────────

    def upto(self, known_at):
        return sum(1 for recorded, _ in self.records if recorded <= known_at)

    def recorded_looks(self, line, upto):
        """In the order recorded."""
        return [look for _, looks in self.records[:upto] for look in looks if look.line == line]

    def looks(self, line, at, upto):
        """Newest first, in the order observed."""
        found = [look for look in self.recorded_looks(line, upto) if look.when[0] <= at]
        return sorted(found, key=lambda look: look.when, reverse=True)

    def newest(self, line, at, upto):
        found = [look for look in self.looks(line, at, upto) if look.status is not Coverage.SUPPLEMENT]
        return found[0] if found else None

    # ── what is known ─────────────────────────────────────────────────────────────────────

    def seen(self, line, at, upto):
        look = self.newest(line, at, upto)
        return look and (look.status, look.start, look.when[0], look.when[1], look.refusal)

    def known(self, line, at, upto):
        """{id: last body} of a population."""
        known = {}
        for look in self.looks(line, at, upto):
            if look.status in WHOLE:
                known = {**look.content, **known}
            if look.status is Coverage.COMPLETE:
                break
        return known

    def resources(self, scope, type, facets, at, upto):
        listing = Line(scope, type)
        newest = self.newest(listing, at, upto)
        found = []
        for id in sorted(self.known(listing, at, upto)):
            if newest.status in WHOLE and id in newest.content:
                values = {facet: self.facet(Line(scope, type, facet), id, at, upto) for facet in facets}
                values[""] = newest.content[id]
            else:
                values = dict.fromkeys([*facets, ""], newest.refusal or UNOBSERVED)
            found.append((id, values))
        return found

    def facet(self, line, id, at, upto):
        for look in self.looks(line, at, upto):
            if look.status is Coverage.SUPPLEMENT and id not in look.content:
                continue
            if id not in look.content:
                return look.refusal or UNOBSERVED
            listing = self.looks(line._replace(facet=""), at, upto)
            if self._vanished(listing, id, look.when) or self._became_another(listing, id, look.when):
                return UNOBSERVED
            return look.content[id]
        return UNOBSERVED

    def _vanished(self, listing, id, when):
        """Whether a complete look lacked it, at or after that moment."""
        return any(
            look.status is Coverage.COMPLETE and id not in look.content and look.when >= when for look in listing
        )

    def _became_another(self, listing, id, when):
        """Whether its incarnation value was first seen changed, after that moment."""
        path = listing[0].rules.get("incarnation")
        if not path:
            return False
        shown = [(look.when, look.content[id].get(path.split(".")[1])) for look in listing[::-1] if id in look.content]
        shown = [(moment, value) for moment, value in shown if value is not None]
        changes = [moment for (_, old), (moment, new) in pairwise(shown) if old != new]
        return any(moment > when for moment in changes)

    # ── scopes ────────────────────────────────────────────────────────────────────────────

    def scopes(self, targets, at, upto):
        known = {}
        for target in targets:
            known |= self.known(Line(f"target/{target}", "scope"), at, upto)
        return {name: body for name, body in sorted(known.items()) if "skipped" not in body}

    def scope_states(self, target, at, upto):
        """{name: (state, since)}"""
        states = {}
        for look in self.looks(Line(f"target/{target}", "scope"), at, upto)[::-1]:
            if look.status not in WHOLE:
                continue
            now = {name: "skipped" if "skipped" in body else "open" for name, body in look.content.items()}
            if look.status is Coverage.COMPLETE:
                now |= dict.fromkeys(states.keys() - now.keys(), "retired")
            for name, state in now.items():
                if states.get(name, ("",))[0] != state:
                    states[name] = (state, look.when[0])
        return states

    # ── one cell ──────────────────────────────────────────────────────────────────────────

    def history(self, line, id, at, upto):
        """(end, seq, value or None for gone) of each change, oldest first."""
        found = []
        for look in self.looks(line, at, upto)[::-1]:
            if id in look.content:
                if not found or found[-1][2] is None or not same(found[-1][2][0], look.content[id]):
                    found.append((*look.when, (look.content[id],)))
            elif look.status is Coverage.COMPLETE and found and found[-1][2] is not None:
                found.append((*look.when, None))
        return found

    # ── outcomes ──────────────────────────────────────────────────────────────────────────

    def outcomes(self, line, at, upto):
        """{id: (status, reason, cause, since, at, seq)}"""
        looks = self.looks(line, at, upto)
        if not looks:
            return {}
        return {id: self._outcome(line, id, looks) for id in sorted(looks[0].content)}

    def _outcome(self, line, id, looks):
        outcome = looks[0].content[id]
        since = looks[0]
        for look in looks:
            told = look.content.get(id)
            if told is not None and told.status == outcome.status:
                since = look
            elif told is None or told.status != "unknown":
                break
        wrote = None
        before = None
        for look in self.recorded_looks(line, looks[0].when[1]):  # in the order recorded
            now = look.content.get(id)
            if now is not None and now != before:
                wrote = look
            before = now
        return (*spell(outcome), wrote.causes.get(id, ""), since.when[0], looks[0].when[0], wrote.when[1])
