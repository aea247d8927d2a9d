"""Where redacted evidence held a credential."""

from __future__ import annotations

from typing import Any

import pytest

from annexlog.mappings.derive.secrets import credentials_in


def redacted(*matches: str, length: int = 20) -> Any:
    return {"commitment": "00", "length": length, "matches": list(matches)}


@pytest.mark.parametrize(
    ("value", "places"),
    [
        (None, []),
        ({"URL": redacted("password-in-url")}, ["URL: password-in-url"]),
        ([{"name": "KEY_FILE", "value": redacted("private-key")}], ["KEY_FILE: private-key"]),
        ({"containers": [{"command": [redacted(), redacted("github-token")]}]}, ["command: github-token"]),
        ({"DB_PASSWORD": redacted()}, ["DB_PASSWORD: by its name"]),
        ([{"name": "apiKey", "value": redacted(length=6)}], ["apiKey: by its name"]),
        ([{"name": "TOKEN", "value": redacted(), "type": "PLAINTEXT"}], ["TOKEN: by its name"]),
        ([{"name": "TOKEN", "value": redacted(), "type": "SECRETS_MANAGER"}], []),
        ({"PASSWORD": redacted(length=5)}, []),
        ({"COMPASS": redacted(), "TOKEN_URL": redacted(), "SECRET_ARN": redacted(), "monkey": redacted()}, []),
        ({"SECRET": redacted(), "TOKEN": redacted("json-web-token")}, ["TOKEN: json-web-token"]),
    ],
)
def test_forms_and_names_of_secrets_are_found(value: Any, places: list[str]) -> None:
    assert credentials_in(value, ["SECRET", "TOKEN"] if value and "SECRET" in value else []) == places
