"""What decides on what may be created: policies of the API server itself (since 1.30), and webhooks."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind, kinds

__all__ = ["admission_policy", "admission_policy_binding", "webhook"]

admission_policy = kind("admission_policy", "validatingadmissionpolicies.admissionregistration.k8s.io", custom=True, id="{admission_policy.metadata.name}",
                        ignore=("admission_policy.metadata.annotations", "admission_policy.status"))

admission_policy_binding = kind("admission_policy_binding", "validatingadmissionpolicybindings.admissionregistration.k8s.io", custom=True,
                                id="{admission_policy_binding.metadata.name}", ignore=("admission_policy_binding.metadata.annotations",))

webhook = kinds("webhook", {
    "ValidatingWebhookConfiguration": "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations.admissionregistration.k8s.io",
})
