"""What the containers of a workload really run with: their own settings, else their pod's, else the API's defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from annexlog.evidence_store.model import JSON
from annexlog.mappings.derive import derived
from annexlog.mappings.derive.images import full_name

__all__ = ["claims_on_hosts", "containers", "default_token_users", "images", "suspicious"]

PARTS = {"containers": "container", "initContainers": "init", "ephemeralContainers": "ephemeral"}


@derived
def containers(specs: JSON) -> JSON:
    """Every container of these pod specifications, ephemeral ones and those of the start included, as it really runs.

    [{name, part (container, init, ephemeral), sidecar, image, windows, privileged, host_process, proc_mount, added,
    dropped, run_as_non_root, run_as_user, escalation, read_only, seccomp, host_ports, liveness, readiness, sized}].
    A value that is said nowhere is what the API says happens then: `escalation` true, `read_only` false, `seccomp` and
    `run_as_user` null. `sized`: {requests_cpu, requests_memory, limits_memory}, whether each is given and not zero, by
    the container or by the pod as a whole. Source: Kubernetes API, PodSpec, SecurityContext, PodSecurityContext.
    """
    return [_container(spec, part, one) for spec in specs for part, one in _each(spec)]


def _each(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for member, part in PARTS.items():
        yield from ((part, one) for one in spec.get(member) or ())


def _container(spec: Mapping[str, Any], part: str, one: Mapping[str, Any]) -> dict[str, JSON]:
    pod, own = spec.get("securityContext") or {}, one.get("securityContext") or {}
    both = {**pod, **{name: value for name, value in own.items() if value is not None}}
    capabilities = own.get("capabilities") or {}
    seccomp, windows = (
        both.get("seccompProfile") or {},
        {
            **(pod.get("windowsOptions") or {}),
            **(own.get("windowsOptions") or {}),
        },
    )
    privileged = own.get("privileged") is True
    added = [_capability(name) for name in capabilities.get("add") or ()]
    return {
        "name": one["name"],
        "part": part,
        "sidecar": part == "init" and one.get("restartPolicy") == "Always",
        "image": one.get("image") or "",
        "windows": (spec.get("os") or {}).get("name") == "windows",
        "privileged": privileged,
        "host_process": windows.get("hostProcess") is True,
        "proc_mount": own.get("procMount") or "Default",
        "added": added,
        "dropped": [_capability(name) for name in capabilities.get("drop") or ()],
        "run_as_non_root": both.get("runAsNonRoot") is True,
        "run_as_user": both.get("runAsUser"),
        # Both of these always escalate, whatever is said.
        "escalation": own.get("allowPrivilegeEscalation") is not False or privileged or "SYS_ADMIN" in added,
        "read_only": own.get("readOnlyRootFilesystem") is True,
        "seccomp": "Unconfined" if privileged else seccomp.get("type"),
        "host_ports": [port["hostPort"] for port in one.get("ports") or () if port.get("hostPort")],
        "liveness": bool(one.get("livenessProbe")),
        "readiness": bool(one.get("readinessProbe")),
        "sized": _sized(spec, one),
    }


def _capability(name: str) -> str:
    """Runtimes take `CAP_SYS_ADMIN` for `SYS_ADMIN`, and any case."""
    return name.upper().removeprefix("CAP_")


def _sized(spec: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for kind, resource in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        values = [((of.get("resources") or {}).get(kind) or {}).get(resource) for of in (one, spec)]
        if kind == "requests":  # where only a limit is given, the request is the same
            values += [((of.get("resources") or {}).get("limits") or {}).get(resource) for of in (one, spec)]
        found[f"{kind}_{resource}"] = any(_positive(value) for value in values)
    return found


def _positive(quantity: JSON) -> bool:
    """Whether a quantity (`100m`, `1Gi`, `0`, `0.5`) is more than zero: any digit of its number but 0."""
    number = str(quantity or "").partition("e")[0].partition("E")[0]
    return any(digit in "123456789" for digit in number)


@derived
def images(specs: JSON) -> JSON:
    """Every image that the containers run or mount as a volume: [{image, name, digest, tag}], each once.

    `name` is written out: `nginx` is `docker.io/library/nginx`; `tag` is "" where none is given.
    """
    found = {str(one.get("image") or ""): None for spec in specs for _, one in _each(spec)}
    for spec in specs:
        volumes = (volume.get("image") for volume in spec.get("volumes") or ())
        found |= {str(volume.get("reference") or ""): None for volume in volumes if volume}
    return [{"image": image, **full_name(image)} for image in sorted(found)]


@derived
def suspicious(specs: JSON) -> JSON:
    """Where plain text that looks like a secret stands: `container.env.NAME: pattern`, sorted.

    What the environment, the command and the arguments held was replaced before it was stored by what it matched.
    """
    found = set()
    for spec in specs:
        for _, one in _each(spec):
            for variable in one.get("env") or ():
                found |= {f"{one['name']}.env.{variable['name']}: {hit}" for hit in _matches(variable.get("value"))}
            for member in ("command", "args"):
                found |= {
                    f"{one['name']}.{member}: {hit}" for value in one.get(member) or () for hit in _matches(value)
                }
    return sorted(found)


def _matches(value: JSON) -> list[str]:
    return [] if value is None else [str(hit) for hit in value["matches"]]


@derived
def claims_on_hosts(specs: JSON, namespace: JSON, volumes: JSON) -> JSON:
    """The claims of these pods that lead to a directory of a node: `claim: volume`.

    `volumes`: [{persistent_volume}], those whose storage is a path or a disk of a node. A claim may end in `*`, for
    the numbered claims of a StatefulSet.
    """
    bound = [
        (one["persistent_volume"]["metadata"]["name"], one["persistent_volume"]["spec"].get("claimRef") or {})
        for one in volumes
    ]
    names = {
        volume["persistentVolumeClaim"]["claimName"]
        for spec in specs
        for volume in spec.get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    }
    return sorted(
        f"{ref['name']}: {name}"
        for name, ref in bound
        if ref.get("namespace") == namespace and any(fnmatchcase(ref["name"], claim) for claim in names)
    )


@derived
def default_token_users(workloads: JSON, accounts: JSON) -> JSON:
    """Of the workloads of one namespace, the ids of those whose pods get a token of its service account `default`.

    `accounts`: [{service_account}], the one called so, or none. A pod's own automountServiceAccountToken comes before
    its account's; said nowhere, it is true. A volume that projects a token gives one whatever either says.
    Source: Kubernetes, "Configure Service Accounts for Pods".
    """
    said = next((one["service_account"].get("automountServiceAccountToken") for one in accounts), None)
    return [one["id"] for one in workloads if any(_gets_token(spec, said) for spec in one["workload"]["specs"])]


def _gets_token(spec: Mapping[str, Any], account: bool | None) -> bool:
    name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    mounts = next((one for one in (spec.get("automountServiceAccountToken"), account) if one is not None), True)
    projected = (
        source.get("serviceAccountToken")
        for volume in spec.get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
    )
    return name == "default" and (mounts or any(projected))
