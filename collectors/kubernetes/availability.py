"""What keeps workloads running: budgets for disruptions, autoscalers."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind

__all__ = ["horizontal_pod_autoscaler", "pod_disruption_budget"]

pod_disruption_budget = kind("pod_disruption_budget", "poddisruptionbudgets.policy",
                             ignore=("pod_disruption_budget.metadata.annotations", "pod_disruption_budget.status.disruptedPods", "pod_disruption_budget.status.observedGeneration"))

# Measurements change at every look; that scaling works is in the conditions.
horizontal_pod_autoscaler = kind("horizontal_pod_autoscaler", "horizontalpodautoscalers.autoscaling", ignore=(
    "horizontal_pod_autoscaler.metadata.annotations",
    "horizontal_pod_autoscaler.status.currentMetrics",
    "horizontal_pod_autoscaler.status.lastScaleTime",
    "horizontal_pod_autoscaler.status.conditions[].message",
))
