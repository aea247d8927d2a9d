"""AWS AppSync: GraphQL APIs."""

from __future__ import annotations

from annexlog.collectors import Call, ResourceType

__all__ = ["graphql_api"]

graphql_api = ResourceType(
    "aws.appsync.graphql_api", facet="graphql_api", id="{graphql_api.arn}", tags="graphql_api.tags",
    # Those that others share with the account are theirs.
    listed=Call("appsync:ListGraphqlApis", "list_graphql_apis", {"owner": "CURRENT_ACCOUNT"}, items="graphqlApis"),
)
