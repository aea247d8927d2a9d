"""Amazon API Gateway: REST APIs with their methods and stages, HTTP and WebSocket APIs with their routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.aws import wafv2

__all__ = ["api", "rest_api", "stage"]

Ask = Callable[[str, Mapping[str, Any]], Page]


def methods(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """Who may call what: `{"Methods": [{path, httpMethod, authorizationType, authorizerId, apiKeyRequired}]}`.

    The methods only come with the resources if they are asked for. What they pass to whatever stands behind (headers,
    templates) is left out: it may hold secrets.
    """
    position: dict[str, Any] = {}
    while True:
        page = ask("get_resources", {**params, **position})
        rows = [
            {"path": resource["path"], "httpMethod": verb,
             **{name: method[name] for name in ("authorizationType", "authorizerId", "apiKeyRequired") if name in method}}
            for resource in page.body["items"] for verb, method in sorted(resource.get("resourceMethods", {}).items())
        ]  # fmt: skip
        yield Page({"Methods": rows}, page.request_id, page.date)
        if not page.body.get("position"):
            return
        if position == (position := {"position": page.body["position"]}):
            raise Refused("unreadable", "RepeatedToken", "the same continuation was given twice")


def stages(ask: Ask, params: Mapping[str, Any]) -> Iterator[Page]:
    """An API's stages, each with the id of its API, which the answer leaves out."""
    page = ask("get_stages", params)
    yield Page({"Stages": [{"restApiId": params["restApiId"], **row} for row in page.body["item"]]}, page.request_id, page.date)


OF = {"restApiId": "{rest_api.id}"}

rest_api = ResourceType(
    "aws.apigateway.rest_api", facet="rest_api", id="arn:{partition}:apigateway:{region}::/restapis/{rest_api.id}",
    gone=("NotFoundException",), tags="rest_api.tags",
    listed=Call("apigateway:GET", "get_rest_apis", {"limit": 500}, items="items"),
    details=[
        Detail("methods", Call("apigateway:GET", "get_resources", {**OF, "embed": ["methods"], "limit": 500}, items="Methods", fn=methods)),
    ],
    incarnation="rest_api.createdDate", sets=("methods",),
)

stage = ResourceType(
    "aws.apigateway.stage", facet="stage", under="aws.apigateway.rest_api", gone=("NotFoundException", "WAFNonexistentItemException"),
    id="arn:{partition}:apigateway:{region}::/restapis/{stage.restApiId}/stages/{stage.stageName}",
    listed=Call("apigateway:GET", "get_stages", OF, items="Stages", fn=stages),
    details=[
        Detail("protection", wafv2.for_resource("arn:{partition}:apigateway:{region}::/restapis/{stage.restApiId}/stages/{stage.stageName}"),
               only="stage.webAclArn != ''"),
    ],
    redact={"stage.variables": "secrets", "stage.canarySettings.stageVariableOverrides": "secrets"},
)

api = ResourceType(
    "aws.apigatewayv2.api", facet="api", id="arn:{partition}:apigateway:{region}::/apis/{api.ApiId}", gone=("NotFoundException",),
    listed=Call("apigateway:GET", "apigatewayv2.get_apis", items="Items"),
    details=[
        Detail("routes", Call("apigateway:GET", "apigatewayv2.get_routes", {"ApiId": "{api.ApiId}"}, items="Items")),
    ],
    tags="api.Tags", incarnation="api.CreatedDate", sets=("routes",),
)
