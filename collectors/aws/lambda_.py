"""AWS Lambda: functions, their published versions, who may invoke them, and layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annexlog.collectors import Call, Detail, Page, Refused, ResourceType
from annexlog.collectors.aws._counting import counts

__all__ = ["function", "layer", "layer_version", "version"]

NAMED = {"FunctionName": "{lambda_function.FunctionName}"}


def policies(ask: Any, params: Mapping[str, Any]) -> Iterator[Page]:
    """The policies of a function, of each alias and of each version: `{"Policies": [{Qualifier, Policy}]}`.

    Each may be invoked under its own name, by those whom its own policy lets in; the function's own has "" for one.
    """
    qualifiers = [""]
    for operation, items, name in (("list_aliases", "Aliases", "Name"), ("list_versions_by_function", "Versions", "Version")):
        for page in ask.pages(operation, params):
            qualifiers += [row[name] for row in page.body[items] if row[name] != "$LATEST"]
    found = []
    for qualifier in qualifiers:
        try:
            page = ask("get_policy", {**params, "Qualifier": qualifier} if qualifier else params)
        except Refused as refused:
            if refused.code == "ResourceNotFoundException":  # it has no policy
                continue
            raise
        found.append({"Qualifier": qualifier, "Policy": page.body["Policy"]})
    yield Page({"Policies": found})


# An environment, and the command line of an image, are searched and thrown away.
def _hidden(facet: str) -> Mapping[str, str]:
    image = f"{facet}.ImageConfigResponse.ImageConfig"
    return dict.fromkeys((f"{facet}.Environment.Variables", f"{image}.EntryPoint", f"{image}.Command"), "secrets")


function = ResourceType(
    "aws.lambda.function", facet="lambda_function", id="{lambda_function.FunctionArn}", tags="tagging", gone=("ResourceNotFoundException",),
    counted=counts("AWS::Lambda::Function"),
    listed=Call("lambda:ListFunctions", "list_functions", items="Functions"),
    details=[
        Detail("aliases", Call("lambda:ListAliases", "list_aliases", NAMED, items="Aliases")),
        Detail("policies", Call("lambda:GetPolicy", "get_policy", NAMED, items="Policies", fn=policies, decode={"[].Policy": "json"},
               also=("lambda:ListAliases", "lambda:ListVersionsByFunction"))),
        Detail("urls", Call("lambda:ListFunctionUrlConfigs", "list_function_url_configs", NAMED, items="FunctionUrlConfigs")),
        Detail("tagging", Call("lambda:ListTags", "list_tags", {"Resource": "{lambda_function.FunctionArn}"}, take="Tags")),
        # Images cannot be signed so; a function without a configuration gives an answer that names none.
        Detail("signing_arn", Call("lambda:GetFunctionCodeSigningConfig", "get_function_code_signing_config", NAMED,
               take="CodeSigningConfigArn", missing=None, absent=("CodeSigningConfigNotFoundException",)), only="lambda_function.PackageType == 'Zip'"),
        Detail("signing", Call("lambda:GetCodeSigningConfig", "get_code_signing_config", {"CodeSigningConfigArn": "{signing_arn}"},
               take="CodeSigningConfig"), only="signing_arn != ''"),
    ],
    redact=_hidden("lambda_function"),
    sets=("lambda_function.Layers", "aliases", "policies", "urls"),
)

version = ResourceType(
    "aws.lambda.version", facet="version", id="{version.FunctionArn}",
    # Without it, only what was not published yet ($LATEST) is listed.
    listed=Call("lambda:ListFunctions", "list_functions", {"FunctionVersion": "ALL"}, items="Functions"),
    redact=_hidden("version"),
    sets=("version.Layers",),
)

layer = ResourceType(
    "aws.lambda.layer", facet="layer", id="{layer.LayerArn}",
    listed=Call("lambda:ListLayers", "list_layers", items="Layers"),
)

layer_version = ResourceType(
    "aws.lambda.layer_version", facet="layer_version", id="{layer_version.LayerVersionArn}", under="aws.lambda.layer",
    listed=Call("lambda:ListLayerVersions", "list_layer_versions", {"LayerName": "{layer.LayerName}"}, items="LayerVersions"),
    details=[
        Detail("policy", Call("lambda:GetLayerVersionPolicy", "get_layer_version_policy",
               {"LayerName": "{layer.LayerName}", "VersionNumber": "{layer_version.Version}"}, take="Policy",
               absent=("ResourceNotFoundException",), decode={"": "json"})),
    ],
)
