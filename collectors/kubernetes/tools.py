"""Custom kinds of tools that keep a cluster as it should be. What they were given as values is never kept."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind, kinds

__all__ = ["external_secret", "gitops_application", "policy_report", "vulnerability_report"]

gitops_application = kinds("gitops_application", {
    "Application": "applications.argoproj.io",
    "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helmreleases.helm.toolkit.fluxcd.io",
}, custom=True, ignore=tuple(f"gitops_application.{path}" for path in (
    "spec.source.helm", "spec.source.plugin", "spec.source.kustomize", "spec.sources[].helm", "spec.sources[].plugin", "spec.sources[].kustomize",
    "spec.values", "spec.postBuild", "spec.patches", "spec.postRenderers",
    "operation", "status.history", "status.resources", "status.operationState", "status.summary", "status.reconciledAt", "status.sync.comparedTo",
    "status.health.lastTransitionTime", "status.inventory", "status.conditions[].message", "status.conditions[].lastTransitionTime",
)))

policy_report = kinds("policy_report", {
    "PolicyReport": "policyreports.wgpolicyk8s.io",
    "ClusterPolicyReport": "clusterpolicyreports.wgpolicyk8s.io",
    "Report": "reports.openreports.io",
    "ClusterReport": "clusterreports.openreports.io",
}, custom=True, ignore=("policy_report.results[].timestamp", "policy_report.results[].message", "policy_report.results[].properties"))

external_secret = kinds("external_secret", {
    "ExternalSecret": "externalsecrets.external-secrets.io",
}, custom=True, ignore=("external_secret.spec.target.template", "external_secret.status.syncedResourceVersion", "external_secret.status.conditions[].message"))

# A report has some kilobytes of text about each finding.
vulnerability_report = kind("vulnerability_report", "vulnerabilityreports.aquasecurity.github.io", custom=True, ignore=(
    "vulnerability_report.metadata.annotations", "vulnerability_report.report.updateTimestamp",
    *(f"vulnerability_report.report.vulnerabilities[].{member}" for member in (
        "title", "description", "links", "primaryLink", "publishedDate", "lastModifiedDate", "cvss", "score", "target")),
))
