"""Amazon OpenSearch: domains, and serverless collections with the policies that open them."""

from __future__ import annotations

from annexlog.collectors import Call, Detail, ResourceType

__all__ = ["collection", "domain", "network_policy"]

domain = ResourceType(
    "aws.opensearch.domain", facet="listed", id="arn:{partition}:es:{region}:{account}:domain/{listed.DomainName}",
    # Elasticsearch's too.
    listed=Call("es:ListDomainNames", "list_domain_names", items="DomainNames"),
    details=[
        Detail("domain", Call("es:DescribeDomains", "describe_domains", items="DomainStatusList", decode={"[].AccessPolicies": "json"}),
               key="DomainName", match="{listed.DomainName}", batch=("DomainNames", 5)),
    ],
    ignore=("domain.ServiceSoftwareOptions", "domain.ChangeProgressDetails"),
    redact={"domain.AdvancedSecurityOptions.SAMLOptions.Idp.MetadataContent": "secrets"},
)

collection = ResourceType(
    "aws.opensearchserverless.collection", facet="collection", id="{collection.arn}",
    listed=Call("aoss:ListCollections", "list_collections", items="collectionSummaries"),
)

network_policy = ResourceType(
    "aws.opensearchserverless.network_policy", facet="listed", id="{listed.name}", gone=("ResourceNotFoundException",),
    listed=Call("aoss:ListSecurityPolicies", "list_security_policies", {"type": "network"}, items="securityPolicySummaries"),
    details=[
        Detail("policy", Call("aoss:GetSecurityPolicy", "get_security_policy", {"type": "network", "name": "{listed.name}"},
               take="securityPolicyDetail.policy")),
    ],
)
