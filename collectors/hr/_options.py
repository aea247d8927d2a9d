"""The keys of a `[targets.<name>]` table whose provider is the HR register."""

from __future__ import annotations

from typing import Annotated

import msgspec

Column = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Kind = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=40)]


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Which file says who works here, and what its columns are called.

    `file`: CSV in UTF-8 with a header row, one row for each contract of a person. Only the columns named here are read.

    `person`: the column of the staff number, by which reports name the person. `starts`, `ends`: first and last day
    (2026-11-25), the last one empty where there is none. `manager`: the staff number of the one who answers for them.
    `keys`: {kind: column}, by which accounts are told to be a person's: `email`, `employee`, and for a login its
    provider's (`github`). Several in one cell are parted by spaces or semicolons. Kept is only what they can be
    compared by.

    `max_age`: in days; an older file is not believed, and what it would say is unknown. `exported_at`: the column that
    says in each row when the file was made (2026-11-25, or 2026-11-25T06:00:00Z), of which the oldest counts; a column of
    this very name is found by itself. Without one it is the file's own time that counts, which a copy makes young again;
    each person's `dated_by` says which it was.

    `max_loss`: how many of a hundred persons may be missing who did not leave by what was last said of them. If it is
    more (and more than one), the file is taken to be cut, and nobody in it to be gone.
    """

    file: str
    person: Column = "person"
    starts: Column = "starts"
    ends: Column = "ends"
    manager: Column = "manager"
    keys: dict[Kind, Column] = msgspec.field(default_factory=lambda: {"email": "email"})
    max_age: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    exported_at: Column | None = None
    max_loss: Annotated[int, msgspec.Meta(ge=0, le=100)] = 10
