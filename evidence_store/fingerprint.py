"""A digest of what a line says, but for times, from roots alone: equal digests, equal evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import takewhile

from annexlog.evidence_store.asof import EntryOf, Moment, moment
from annexlog.evidence_store.model import encode
from annexlog.evidence_store.schema import COMPLETE, SUPPLEMENT
from annexlog.evidence_store.sweeps import Look

_Token = tuple[str, ...]


def _told(look: Look, entry: EntryOf, kind: str) -> _Token:
    """What one look says: how much it saw, why not all, and the root of what it showed."""
    said = entry(look)
    refusal = said.refusal()
    return (kind, said.status, encode(refusal).decode() if refusal else "", said.root.hex() if said.root else "")


def _digest(tokens: Iterable[_Token]) -> bytes:
    return sha256(encode([list(token) for token in tokens])).digest()


def of_listing(looks: Iterable[Look], entry: EntryOf) -> bytes:
    """Of a population: its newest look, and those before it that still tell which resources are known."""
    tokens: list[_Token] = []
    for look in looks:
        if not tokens or look.shows:
            token = _told(look, entry, "listing")
            tokens += [token] if token not in tokens[-1:] else []
        if look.status == COMPLETE:
            break
    return _digest(tokens)


def of_detail(looks: Iterable[Look], entry: EntryOf, listing: Iterable[Look], listed: EntryOf) -> bytes:
    """Of a facet: its newest look, newer supplements, and between them the looks at the population that decide
    whether a facet may still count (see asof).
    """
    told: list[tuple[Moment, int, _Token]] = []
    oldest: Moment | None = None
    for look in looks:
        told.append((moment(look), 1, _told(look, entry, "detail")))
        oldest = moment(look) if look.shows or look.status == SUPPLEMENT else oldest
        if look.status != SUPPLEMENT:
            break
    if oldest is not None:
        told += [(moment(look), 0, token) for look, token in _window(oldest, listing, listed)]
    newest = next(iter(listing), None)
    tokens: list[_Token] = [] if newest is None else [("rules", (listed(newest).rules or b"").decode())]
    for _, _, token in sorted(told):
        tokens += [token] if token not in tokens[-1:] or token[0] != "listing" else []
    return _digest(tokens)


def _window(oldest: Moment, listing: Iterable[Look], listed: EntryOf) -> Sequence[tuple[Look, _Token]]:
    """The looks at the population since `oldest`, and the one before; read only where something changed."""
    looks = [look for look in takewhile(lambda look: moment(look) >= oldest, listing) if look.shows]
    looks += [look for look in listing if look.shows and moment(look) < oldest][:1]
    if not looks:
        return []
    first, last = min(look.seq for look in looks), max(looks, key=lambda look: look.seq)
    if listed(last).changed <= first:  # all of them show the same
        same = _told(last, listed, "listing")
        return [(look, same) for look in looks]
    return [(look, _told(look, listed, "listing")) for look in looks]
