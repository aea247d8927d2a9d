"""Runtimes that App Service offers on Linux, and when their support ends: two catalogues, for web and for function apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Page
from annexlog.collectors.azure._calls import VERSION
from annexlog.collectors.azure._versions import version
from annexlog.collectors.declaring import Asks, keep, rows

WEB, FUNCTION = "Microsoft.Web/webAppStacks", "Microsoft.Web/functionAppStacks"
_OF = {"web": WEB, "function": FUNCTION}


def runtimes(ask: Asks, _: Mapping[str, Any]) -> Iterator[Page]:
    """[{app, runtime, ends, deprecated}], sorted: `app` is web or function, `runtime` what linuxFxVersion says.

    `ends` is null where Microsoft names no end. Source: REST API, Provider - Get Web App Stacks, Get Function App Stacks
    (stackSettings.linuxRuntimeSettings, linuxContainerSettings: runtimeVersion, java17Runtime …, endOfLifeDate).
    """
    found = []
    for app, type in _OF.items():
        operation = Call(f"{type}/read", f"/providers/{type}")
        kept = keep("nextLink", "value.properties.majorVersions.minorVersions.stackSettings")
        for stack in rows(ask, operation, {VERSION: version(type), **kept}, "value"):
            for major in stack["properties"].get("majorVersions") or ():
                for minor in major.get("minorVersions") or ():
                    found += [{"app": app, **one} for one in _offered(minor.get("stackSettings") or {})]
    yield Page(sorted(found, key=lambda one: tuple(str(value) for value in one.values())))


def _offered(settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("linuxRuntimeSettings", "linuxContainerSettings"):
        one = settings.get(name) or {}
        texts = {one.get("runtimeVersion"), *(value for key, value in one.items() if key.endswith("Runtime"))}
        texts |= {item.get("runtime") for item in one.get("runtimes") or ()}
        for text in sorted(text for text in texts if isinstance(text, str) and "|" in text):
            yield {"runtime": text, "ends": one.get("endOfLifeDate"), "deprecated": one.get("isDeprecated") is True}
