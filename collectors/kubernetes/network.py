"""What may talk to what, and what is reached from outside."""

from __future__ import annotations

from annexlog.collectors.kubernetes._kinds import kind, kinds

__all__ = ["certificate", "exposure", "network_policy", "other_network_policy"]

network_policy = kind("network_policy", "networkpolicies.networking.k8s.io", ignore=("network_policy.metadata.annotations",))

# That there are such is all that is asked: each has rules of its own for what it means.
other_network_policy = kinds("other_network_policy", {
    "CiliumNetworkPolicy": "ciliumnetworkpolicies.cilium.io",
    "CiliumClusterwideNetworkPolicy": "ciliumclusterwidenetworkpolicies.cilium.io",
    "CalicoNetworkPolicy": "networkpolicies.crd.projectcalico.org",
    "CalicoGlobalNetworkPolicy": "globalnetworkpolicies.crd.projectcalico.org",
    "AntreaNetworkPolicy": "networkpolicies.crd.antrea.io",
    "AntreaClusterNetworkPolicy": "clusternetworkpolicies.crd.antrea.io",
    "AdminNetworkPolicy": "adminnetworkpolicies.policy.networking.k8s.io",
    "BaselineAdminNetworkPolicy": "baselineadminnetworkpolicies.policy.networking.k8s.io",
    "ClusterNetworkPolicy": "clusternetworkpolicies.policy.networking.k8s.io",
}, custom=True, ignore=("other_network_policy.spec", "other_network_policy.specs", "other_network_policy.status"))

# Which load balancers are internal, and which have a certificate that is not a Secret, is said in annotations.
exposure = kinds("exposure", {
    "Service": "services",
    "Ingress": "ingresses.networking.k8s.io",
    "Gateway": "gateways.gateway.networking.k8s.io",
    "Route": "routes.route.openshift.io",
}, custom=("Gateway", "Route"), notes=(
    "service.beta.kubernetes.io/aws-load-balancer-scheme",
    "service.beta.kubernetes.io/aws-load-balancer-internal",
    "service.beta.kubernetes.io/azure-load-balancer-internal",
    "networking.gke.io/load-balancer-type",
    "cloud.google.com/load-balancer-type",
    "alb.ingress.kubernetes.io/scheme",
    "alb.ingress.kubernetes.io/certificate-arn",
    "kubernetes.io/ingress.class",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
), ignore=("exposure.spec.tls.key", "exposure.spec.tls.certificate"))

certificate = kind("certificate", "certificates.cert-manager.io", custom=True, ignore=("certificate.metadata.annotations",))
