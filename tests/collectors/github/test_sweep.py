"""Every answer of GitHub replaced by every fault: no outcome becomes better, and nothing disappears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers import KINDS, Ground, ground, holds, leaked, swept, unmet, untested
from tests.wire.github import EMAIL, PLANTED, REGISTERS, GitHub, healthy

BY_STATUS = {"/repos/acme/shop/vulnerability-alerts"}

REPO = "/repos/{owner}/{repo}"
ASKS = {
    "/graphql": ":graphql",
    "/orgs/acme/organization-roles/.*": "/orgs/{org}/organization-roles",
    "/repos/acme/shop/(actions/organization|dependabot/)-?secrets": f"{REPO}/actions/secrets",
    "/repos/acme/shop/(contents|codeowners)/.*": f"{REPO}/contents",
    "/repos/acme/shop/(commits|pulls)/.*": f"{REPO}/commits",
    "/repos/acme/shop/commits(/.*)?": f"{REPO}/commits/{{ref}}/check-runs",
    "/repos/acme/shop/environments/.*": f"{REPO}/environments",
    "/repos/acme/shop/private-vulnerability-reporting": ":graphql",
}
"""What is asked with an operation, by paths that are not its own."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("github")
    with GitHub(healthy()) as api:
        (folder / "token").write_text("s3cret-token")
        options = f'organizations = ["acme"]\nurl = "{api.url}"\ntoken_file = "{folder}/token"'
        yield ground(api, "github", options, REGISTERS, folder)


def test_in_a_healthy_organization_every_test_passes(home: Ground) -> None:
    assert unmet(home) == {("github.repo.security-policy", "acme/shop"): ("not_applicable", None)}
    assert untested(home) == set()


def test_nothing_personal_and_no_secret_gets_into_the_store(home: Ground) -> None:
    assert leaked(home, EMAIL, PLANTED, "s3cret-token") == set()
    assert holds(home, "acme/shop")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_of_any_answer_makes_an_outcome_better_or_disappear(kind: str, home: Ground, tmp_path: Path) -> None:
    assert swept(home, kind, tmp_path, by_status=BY_STATUS, asks=ASKS) == []
