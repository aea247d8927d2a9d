"""A seeded cluster: every control test of Kubernetes has something in it that passes and something that fails.

Shapes as a real API server gives them. What is in the namespace `good` is as it should be, what is in `bad` is not.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from tests.wire.cluster import Cluster, thing

ORGANIZATION = {
    "registers": {
        "image_registries": ["registry.example.com"],
        "exposures": ["Ingress/good/web"],
        "teams": ["payments"],
        "admission_baseline": ["baseline"],
        "volume_reclaim_policies": {"good": "Retain", "bad": "Retain"},
        "kubernetes_versions": {"1.34": "2126-10-27"},
        "control_jobs": {"seeded": {"good/CronJob/check": 26}},
    },
}
SAFE = {
    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip
SIZED = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
PROBES: dict[str, Any] = {"livenessProbe": {"tcpSocket": {"port": 80}}, "readinessProbe": {"tcpSocket": {"port": 80}}}
APART = [{"whenUnsatisfiable": "DoNotSchedule", "topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}]  # fmt: skip  # noqa: E501
NAMESPACED = (
    "v1/pods", "v1/replicationcontrollers", "v1/serviceaccounts", "v1/services", "v1/persistentvolumeclaims",
    "v1/secrets",
    "apps/v1/deployments", "apps/v1/statefulsets", "apps/v1/daemonsets", "apps/v1/replicasets", "batch/v1/cronjobs",
    "batch/v1/jobs", "networking.k8s.io/v1/networkpolicies", "networking.k8s.io/v1/ingresses",
    "rbac.authorization.k8s.io/v1/roles", "rbac.authorization.k8s.io/v1/rolebindings",
    "policy/v1/poddisruptionbudgets", "autoscaling/v2/horizontalpodautoscalers", "cert-manager.io/v1/certificates",
    "cilium.io/v2/ciliumnetworkpolicies", "gateway.networking.k8s.io/v1/gateways",
)  # fmt: skip
WHOLE = (
    "v1/namespaces", "v1/nodes", "v1/persistentvolumes", "rbac.authorization.k8s.io/v1/clusterroles",
    "rbac.authorization.k8s.io/v1/clusterrolebindings", "storage.k8s.io/v1/storageclasses",
)  # fmt: skip


def labelled(name: str, namespace: str = "", labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    made = thing(name, namespace, **fields)
    made["metadata"]["labels"] = labels or {}
    return made


def container(**fields: Any) -> dict[str, Any]:
    image = "registry.example.com/web@sha256:0f1e"
    return {"name": "web", "image": image, "securityContext": SAFE, "resources": SIZED, **PROBES, **fields}


GOOD_POD: dict[str, Any] = {
    "serviceAccountName": "web",
    "topologySpreadConstraints": APART,
    "containers": [container()],
}
BAD_POD: dict[str, Any] = {
    "hostNetwork": True,
    "volumes": [{"name": "host", "hostPath": {"path": "/"}}],
    "containers": [
        {
            "name": "web",
            "image": "web:latest",
            "securityContext": {"privileged": True},
            "ports": [{"containerPort": 80, "hostPort": 80}],
            "env": [{"name": "DB", "value": "postgres://shop:hunter2@db/shop"}],
        }
    ],
}


def owned(item: dict[str, Any], owner: dict[str, Any]) -> dict[str, Any]:
    item["metadata"]["ownerReferences"] = [{"controller": True, "uid": owner["metadata"]["uid"]}]
    return item


def _workloads(cluster: Cluster, now: str) -> None:
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    waiting = {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}  # fmt: skip  # noqa: E501
    for namespace, spec, replicas, status in (("good", GOOD_POD, 2, ready), ("bad", BAD_POD, 1, waiting)):
        template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
        deployment = labelled(
            "web", namespace, {"criticality": "critical"}, spec={"replicas": replicas, "template": template}
        )
        replica_set = owned(labelled("web-5d9", namespace, spec={"template": template}), deployment)
        pods = [
            owned(labelled(f"web-5d9-{n}", namespace, {"app": "web"}, spec=spec, status=status), replica_set)
            for n in range(2)
        ]
        cluster.add("apps/v1/deployments", [deployment])
        cluster.add("apps/v1/replicasets", [replica_set])
        cluster.add("v1/pods", pods)
    # The template is as it should be, and a webhook made something else of the pod. By its claim, another pod mounts a
    # path of its node.
    template = {"metadata": {"labels": {"app": "drifted"}}, "spec": GOOD_POD}
    drifted = labelled("drifted", "bad", {"criticality": "low"}, spec={"template": template})
    drifted_set = owned(labelled("drifted-1", "bad", spec={"template": template}), drifted)
    cluster.add("apps/v1/deployments", [drifted])
    cluster.add("apps/v1/replicasets", [drifted_set])
    cluster.add(
        "v1/pods", [owned(labelled("drifted-1-a", "bad", {"app": "drifted"}, spec=BAD_POD, status=ready), drifted_set)]
    )
    claiming = {**GOOD_POD, "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    cluster.add("v1/pods", [labelled("claims", "bad", {"criticality": "low"}, spec=claiming, status=ready)])
    job = {"spec": {"template": {"metadata": {"labels": {"app": "check"}}, "spec": GOOD_POD}}}
    check = labelled("check", "good", {"criticality": "low"}, spec={"schedule": "0 3 * * *", "jobTemplate": job})
    cluster.add("batch/v1/cronjobs", [{**check, "status": {"lastSuccessfulTime": now}}])


def _storage(cluster: Cluster, now: str) -> None:
    host = {"hostPath": {"path": "/srv"}, "claimRef": {"namespace": "bad", "name": "data"}}
    disk = {"csi": {"driver": "ebs.csi.aws.com"}, "claimRef": {"namespace": "good", "name": "data"}}
    volumes = [
        labelled("pv-bad", spec={**host, "persistentVolumeReclaimPolicy": "Delete"}, status={"phase": "Bound"}),
        labelled(
            "pv-good",
            spec={**disk, "storageClassName": "safe", "persistentVolumeReclaimPolicy": "Retain"},
            status={"phase": "Bound"},
        ),
    ]
    cluster.add("v1/persistentvolumes", volumes)
    cluster.add("v1/persistentvolumeclaims", [labelled("data", name, spec={}) for name in ("good", "bad")])
    cluster.add("storage.k8s.io/v1/storageclasses", [labelled("safe", parameters={"encrypted": "true"})])
    schedule = {"schedule": "0 1 * * *", "template": {"includedNamespaces": ["good"]}}
    made = {"phase": "Completed", "completionTimestamp": now}
    cluster.add("velero.io/v1/schedules", [labelled("daily", "velero", spec=schedule, status={"phase": "Enabled"})])
    name = {"velero.io/schedule-name": "daily"}
    cluster.add("velero.io/v1/backups", [labelled("daily-1", "velero", name, spec={}, status=made)])
    where = labelled("default", "velero", status={"phase": "Available"})
    cluster.add("velero.io/v1/backupstoragelocations", [where])


def _availability(cluster: Cluster) -> None:
    budget = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 1}
    cluster.add(
        "policy/v1/poddisruptionbudgets",
        [labelled("web", "good", spec=budget, status={"disruptionsAllowed": 1, "expectedPods": 2})],
    )
    works = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True"}]
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5}
    scalers = [
        labelled("web", "good", spec={**target, "minReplicas": 2}, status={"conditions": works}),
        labelled("web", "bad", spec=target, status={"conditions": [{**works[0]}, {**works[1], "status": "False"}]}),
    ]
    cluster.add("autoscaling/v2/horizontalpodautoscalers", scalers)


def _network(cluster: Cluster) -> None:
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    inside = {**deny, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}
    opened = {"podSelector": {}, "ingress": [{}], "egress": [{}], "policyTypes": ["Ingress", "Egress"]}
    policies = [
        labelled("deny", "good", spec=inside),
        labelled("deny", "bad", spec=deny),
        labelled("all", "bad", spec=opened),
    ]
    cluster.add("networking.k8s.io/v1/networkpolicies", policies)
    selector = {"selector": {"app": "web"}}
    services = [
        labelled(
            "web",
            "good",
            spec={"type": "LoadBalancer", **selector},
            status={"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}},
        ),
        labelled("inner", "good", spec={"type": "ClusterIP"}),
        labelled("web", "bad", spec={"type": "NodePort", **selector}),
    ]
    cluster.add("v1/services", services)
    tls = {"rules": [{"host": "good.example.com"}], "tls": [{"hosts": ["good.example.com"], "secretName": "t"}]}
    ingresses = [
        labelled("web", "good", spec=tls),
        labelled("web", "bad", spec={"defaultBackend": {"service": {"name": "web"}}}),
    ]
    cluster.add("networking.k8s.io/v1/ingresses", ingresses)
    certificates = [
        labelled(
            "t",
            "good",
            status={"conditions": [{"type": "Ready", "status": "True"}], "notAfter": "2126-01-01T00:00:00Z"},
        ),
        labelled("t", "bad", status={"conditions": [{"type": "Ready", "status": "False"}]}),
    ]
    cluster.add("cert-manager.io/v1/certificates", certificates)


def _rbac(cluster: Cluster) -> None:
    group, own = "rbac.authorization.k8s.io/v1", {"kubernetes.io/bootstrapping": "rbac-defaults"}
    everything = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    strong = [
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]},
        {"verbs": ["create"], "apiGroups": [""], "resources": ["pods/exec"]},
        {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]},
    ]
    cluster.add(f"{group}/clusterroles", [
        labelled("cluster-admin", labels=own, rules=everything),
        labelled("system:discovery", labels=own, rules=[{"verbs": ["get"], "nonResourceURLs": ["/api", "/apis"]}]),
        labelled("strong", rules=strong),
        labelled("wild", rules=everything),
    ])  # fmt: skip
    reader = labelled("reader", "good", rules=[{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}])
    cluster.add(f"{group}/roles", [reader])

    def bound(name: str, namespace: str, role: str, kind: str, *people: Any, labels: Any = None) -> Any:
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
        return labelled(name, namespace, labels, roleRef=ref, subjects=list(people))

    masters, everybody = ({"kind": "Group", "name": f"system:{name}"} for name in ("masters", "authenticated"))
    cluster.add(f"{group}/clusterrolebindings", [
        bound("cluster-admin", "", "cluster-admin", "ClusterRole", masters, labels=own),
        bound("system:discovery", "", "system:discovery", "ClusterRole", everybody, labels=own),
        bound("wild", "", "wild", "ClusterRole", {"kind": "User", "name": "eve"}),
        bound("proxy", "", "gone", "ClusterRole", {"kind": "User", "name": "system:kube-proxy"}),
    ])  # fmt: skip
    cluster.add(f"{group}/rolebindings", [
        bound("readers", "good", "reader", "Role", {"kind": "Group", "name": "readers"}),
        bound("strong", "bad", "strong", "ClusterRole", {"kind": "ServiceAccount", "name": "default"}),
    ])  # fmt: skip
    accounts = [labelled("default", name, automountServiceAccountToken=name != "good") for name in ("good", "bad")]
    cluster.add("v1/serviceaccounts", accounts)
    token = labelled("token", "bad", type="kubernetes.io/service-account-token", data={"token": "c2VjcmV0"})
    cluster.add("v1/secrets", [token, labelled("other", "good", type="Opaque")])


def _nodes(cluster: Cluster) -> None:
    fine = [{"type": "Ready", "status": "True"}] + [
        {"type": f"{kind}Pressure", "status": "False"} for kind in ("Memory", "Disk", "PID")
    ]
    full = [{**one, "status": "True"} if one["type"] == "DiskPressure" else one for one in fine]
    nodes = [
        labelled(
            f"n{n}",
            labels={"topology.kubernetes.io/zone": f"z{n}"},
            spec={},
            status={"conditions": conditions, "nodeInfo": {"kubeletVersion": version}},
        )
        for n, (conditions, version) in enumerate([(fine, "v1.34.2"), (full, "v1.30.1")])
    ]
    cluster.add("v1/nodes", nodes)


def authority(days: int) -> str:
    """A caBundle whose one certificate ends in so many days."""
    key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "webhooks")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=9), now + timedelta(days=days))
    return base64.b64encode(made.sign(key, None).public_bytes(Encoding.PEM)).decode()


def _admission(cluster: Cluster) -> None:
    group = "admissionregistration.k8s.io/v1"
    cluster.add(f"{group}/validatingadmissionpolicies", [labelled("baseline", spec={"failurePolicy": "Fail"})])
    binding = {"policyName": "baseline", "validationActions": ["Deny"]}
    cluster.add(f"{group}/validatingadmissionpolicybindings", [labelled("baseline", spec=binding)])
    closed = {"name": "a.example.com", "failurePolicy": "Fail", "clientConfig": {"caBundle": authority(400)}}
    opened = {"name": "b.example.com", "failurePolicy": "Ignore", "clientConfig": {"caBundle": authority(9)}}
    cluster.add(f"{group}/validatingwebhookconfigurations", [labelled("good", webhooks=[closed])])
    cluster.add(f"{group}/mutatingwebhookconfigurations", [labelled("bad", webhooks=[closed, opened])])


def _tools(cluster: Cluster, now: str) -> None:
    done = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
    keeping = {"syncPolicy": {"automated": {"selfHeal": True}}}
    applications = [labelled(name, "argocd", spec=spec, status=done) for name, spec in (("good", keeping), ("bad", {}))]
    cluster.add("argoproj.io/v1alpha1/applications", applications)
    ready = {"conditions": [{"type": "Ready", "status": "True"}], "observedGeneration": 1, "refreshTime": now}
    flux = [
        labelled("good", "flux", spec={}, status=ready),
        labelled("bad", "flux", spec={"suspend": True}, status=ready),
    ]
    for one in flux:
        one["metadata"]["generation"] = 1
    cluster.add("kustomize.toolkit.fluxcd.io/v1/kustomizations", flux)
    results = {"good": "pass", "bad": "fail"}
    reports = [
        labelled("r", name, results=[{"policy": "p", "result": said, "severity": "high"}])
        for name, said in results.items()
    ]
    cluster.add("wgpolicyk8s.io/v1alpha2/policyreports", reports)
    intervals = {"good": "12h", "bad": "0"}
    taken = [labelled("db", name, spec={"refreshInterval": each}, status=ready) for name, each in intervals.items()]
    cluster.add("external-secrets.io/v1/externalsecrets", taken)
    weak = {"vulnerabilityID": "CVE-1", "severity": "HIGH"}
    fixes = {"good": "", "bad": "1.2"}
    scanned = [
        labelled("web", name, report={"vulnerabilities": [{**weak, "fixedVersion": fix}]})
        for name, fix in fixes.items()
    ]
    cluster.add("aquasecurity.github.io/v1alpha1/vulnerabilityreports", scanned)


GOOD_FLAGS = (
    "--audit-policy-file=/etc/audit.yaml", "--audit-log-path=/var/log/audit.log", "--anonymous-auth=false",
    "--authorization-mode=Node,RBAC", "--encryption-provider-config=/etc/e.yaml",
    "--service-account-key-file=/etc/keys/sa.pub",
)  # fmt: skip


def api_server(node: str, *flags: str) -> dict[str, Any]:
    """The pod that a kubelet of the control plane shows of its API server."""
    made = labelled(f"kube-apiserver-{node}", "kube-system", {"component": "kube-apiserver", "tier": "control-plane"})
    made["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "0f1e"}
    command = ["kube-apiserver", *flags]
    spec = {**GOOD_POD, "nodeName": node, "hostNetwork": True, "containers": [container(command=command)]}
    return {**made, "spec": spec, "status": {"phase": "Running"}}


def _control_plane(cluster: Cluster) -> None:
    cluster.add("v1/pods", [api_server("m0", *GOOD_FLAGS), api_server("m1", "--tls-min-version=VersionTLS10")])


def seed(cluster: Cluster, now: str) -> None:
    """Put all of it into a cluster. `now`: when its control job last succeeded, as Kubernetes writes times."""
    cluster.serve(*NAMESPACED)
    cluster.serve(*WHOLE, namespaced=False)
    enforced = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "owner": "payments",
        "data-classification": "internal",
    }
    cluster.add("v1/namespaces", [
        labelled("good", labels={**enforced, "environment": "production"}),
        labelled("bad", labels={"owner": "nobody", "data-classification": "internal", "environment": "dev"}),
        labelled("kube-system", labels={}),
    ])  # fmt: skip
    _workloads(cluster, now)
    _storage(cluster, now)
    _availability(cluster)
    _network(cluster)
    _rbac(cluster)
    _nodes(cluster)
    _admission(cluster)
    _control_plane(cluster)
    _tools(cluster, now)
