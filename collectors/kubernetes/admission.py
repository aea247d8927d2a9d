"""Policies of the API server itself on what may be created. Served since 1.30; an older cluster has none."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind

__all__ = ["admission_policy", "admission_policy_binding"]

admission_policy = kind("admission_policy", "validatingadmissionpolicies.admissionregistration.k8s.io", custom=True, id="{admission_policy.metadata.name}",
                        ignore=("admission_policy.metadata.annotations", "admission_policy.status"))

admission_policy_binding = kind("admission_policy_binding", "validatingadmissionpolicybindings.admissionregistration.k8s.io", custom=True,
                                id="{admission_policy_binding.metadata.name}", ignore=("admission_policy_binding.metadata.annotations",))
