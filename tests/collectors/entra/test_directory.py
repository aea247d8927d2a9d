"""Groups as such."""

from __future__ import annotations

from annexlog.collectors.entra.directory import group
from tests.collectors.entra.conftest import Connect
from tests.providers import look
from tests.wire.entra import PLANTED, V1, Entra
from tests.wire.microsoft import TENANT

SCOPE = f"entra/{TENANT}"


def test_every_group_is_there_and_nothing_else_of_it(entra: Entra, connect: Connect) -> None:
    entra.page = 2
    entra.answers[f"{V1}/groups"] = {"value": [{"id": f"g{n}", "displayName": PLANTED} for n in range(5)]}

    seen = look(connect(), group)

    assert seen.status("entra.group", scope=SCOPE) == ("complete", None)
    assert seen.values("entra.group", scope=SCOPE) == {f"g{n}": {"id": f"g{n}"} for n in range(5)}


def test_without_the_permission_to_read_groups_a_list_of_them_is_not_believed(entra: Entra, connect: Connect) -> None:
    entra.roles = {"User.Read.All"}
    entra.answers[f"{V1}/groups"] = {"value": []}

    assert look(connect(), group).status("entra.group", scope=SCOPE)[0] == "denied"
