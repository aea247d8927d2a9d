"""One AWS estate, seen by annexlog and by Prowler: what each takes, asks and keeps, and where they judge otherwise.

Prowler is no dependency: `python -m benchmarks.peers_aws --prowler /path/to/its/bin/prowler`. Without it only annexlog
is measured. Not part of CI: the other side takes minutes, and 2.3 GB to install.
"""

# ruff: noqa: PLC0415 — each worker loads its own side only

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT, Report
from benchmarks.stub import ENVIRONMENT

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
SERVICES = ("s3", "iam", "ec2", "kms", "cloudtrail", "rds")
MORE = frozenset({"ssh_keys", "signing_certificates", "service_credentials"})
"""Facets of IAM users that Prowler does not ask for: tests that read them do more work than it does."""
TIMEOUT = 900
"""Seconds that one of them may take."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many of each there are."""

    buckets: int = 300
    users: int = 200
    groups: int = 100
    instances: int = 100
    volumes: int = 100
    keys: int = 50
    databases: int = 20
    trails: int = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """What one side took. `verdicts`: {(test or check, resource's name): PASS, FAIL …}."""

    cpu: float
    rss_mb: float
    requests: int
    stored: int
    by_operation: Mapping[str, int]
    verdicts: Mapping[tuple[str, str], str]


# ── the estate ────────────────────────────────────────────────────────────────────────────


def plant(client: Callable[..., Any], sizes: Sizes) -> None:
    """Something good and something bad of every kind, by turns."""
    _buckets(client("s3", region_name=REGIONS[0]), sizes)
    _users(client("iam", region_name="us-east-1"), sizes)
    _network(client("ec2", region_name=REGIONS[0]), sizes)
    kms = client("kms", region_name=REGIONS[0])
    for n in range(sizes.keys):
        key = kms.create_key(Description=f"key {n}")["KeyMetadata"]["KeyId"]
        if n % 2:
            kms.enable_key_rotation(KeyId=key)
    rds = client("rds", region_name=REGIONS[1])
    for n in range(sizes.databases):
        rds.create_db_instance(
            DBInstanceIdentifier=f"db-{n:02}", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="owner", MasterUserPassword="Not-A-Real-Passw0rd", StorageEncrypted=n % 2 == 0,
            PubliclyAccessible=n % 3 == 0, BackupRetentionPeriod=(n % 4) * 3, MultiAZ=n % 2 == 0,
            DeletionProtection=n % 5 == 0, AutoMinorVersionUpgrade=n % 2 == 1,
        )  # fmt: skip
    trails = client("cloudtrail", region_name=REGIONS[0])
    for n in range(sizes.trails):
        name = f"trail-{n}"
        trails.create_trail(
            Name=name, S3BucketName=f"bucket-{n:03}", IsMultiRegionTrail=n == 0, EnableLogFileValidation=n == 0
        )
        trails.start_logging(Name=name)


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _buckets(s3: Any, sizes: Sizes) -> None:
    here = {"LocationConstraint": REGIONS[0]}
    blocked = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    for n in range(sizes.buckets):
        name = f"bucket-{n:03}"
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=here)
        if n % 2 == 0:
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=blocked)
        if n % 3 == 0:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if n % 5 == 0:
            arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
            insecure = {"Bool": {"aws:SecureTransport": "false"}}
            policy = _policy(Effect="Deny", Principal="*", Action="s3:*", Resource=arns, Condition=insecure)
            s3.put_bucket_policy(Bucket=name, Policy=policy)
        if n % 7 == 0:
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _users(iam: Any, sizes: Sizes) -> None:
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24, RequireSymbols=True)
    document = _policy(Effect="Allow", Action="*", Resource="*")
    everything = iam.create_policy(PolicyName="everything", PolicyDocument=document)["Policy"]["Arn"]
    for n in range(sizes.users):
        name = f"user-{n:03}"
        iam.create_user(UserName=name)
        if n % 4 == 0:
            iam.create_login_profile(UserName=name, Password="Not-A-Real-Passw0rd")
        if n % 3 == 0:
            iam.create_access_key(UserName=name)
        if n % 20 == 0:
            iam.attach_user_policy(UserName=name, PolicyArn=everything)


def _network(ec2: Any, sizes: Sizes) -> None:
    subnet = ec2.describe_subnets()["Subnets"][0]
    for n in range(sizes.groups):
        group = ec2.create_security_group(GroupName=f"group-{n:03}", Description="of a service", VpcId=subnet["VpcId"])
        source = "0.0.0.0/0" if n % 4 == 0 else "203.0.113.0/24"
        port = (22, 3389, 443, 5432)[n // 4 % 4]
        ec2.authorize_security_group_ingress(
            GroupId=group["GroupId"], IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=source
        )
    image = ec2.register_image(Name="image", RootDeviceName="/dev/sda1")["ImageId"]
    half = sizes.instances // 2
    for many, tokens in ((half, "required"), (sizes.instances - half, "optional")):
        ec2.run_instances(
            ImageId=image, MinCount=many, MaxCount=many, SubnetId=subnet["SubnetId"], InstanceType="t3.micro",
            MetadataOptions={"HttpTokens": tokens, "HttpEndpoint": "enabled"},
        )  # fmt: skip
    for n in range(sizes.volumes):
        ec2.create_volume(AvailabilityZone=f"{REGIONS[0]}a", Size=8, Encrypted=n % 2 == 0)


# ── the two sides ─────────────────────────────────────────────────────────────────────────


def ours(wire: Any, folder: Path, *, alike: bool = False) -> Taken:
    """`alike`: without the tests that read what the other side never asks for."""
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.peers_aws", "worker", str(folder), *(["alike"] if alike else [])]
    used = _run(command, wire.url, folder)
    told = json.loads((folder / "verdicts.json").read_text("utf-8"))
    stored = sum(file.stat().st_size for file in folder.glob("evidence.db*"))
    return _taken(used, wire, stored, {(test, name): status for test, name, status in told})


def theirs(wire: Any, folder: Path, prowler: str) -> Taken:
    folder.mkdir()
    out = folder / "output"
    command = [prowler, "aws", "--service", *SERVICES, "--region", *REGIONS, "--output-directory", str(out), "-z", "-b"]
    used = _run([*command, "--no-color", "--aws-retries-max-attempts", "0"], wire.url, folder)
    stored = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    verdicts: dict[tuple[str, str], str] = {}
    for file in out.glob("*.ocsf.json"):
        for one in json.loads(file.read_text("utf-8")):
            check = one["metadata"]["event_code"]
            for seen in one.get("resources", ()):
                verdicts[check, _name(seen.get("uid") or seen.get("name", ""))] = one["status_code"]
    return _taken(used, wire, stored, verdicts)


def _run(command: Sequence[str], url: str, folder: Path) -> tuple[float, float]:
    """CPU seconds and peak RSS in MB of a process and its children."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | ENVIRONMENT | {"AWS_ENDPOINT_URL": url, "HOME": str(folder)}
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        peak = 0.0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, _peak_mb(process.pid))
            time.sleep(0.05)
        _, status, used = ended
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {(folder / 'said.txt').read_text()[-2000:]}")
    return used.ru_utime + used.ru_stime, peak


def _peak_mb(pid: int) -> float:
    """The most that a process took so far. What `wait` tells counts the memory of the process that started it, too."""
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return 0.0


def _taken(used: tuple[float, float], wire: Any, stored: int, verdicts: Mapping[tuple[str, str], str]) -> Taken:
    by_operation = Counter(seen.name for seen in wire.seen)
    taken = Taken(*used, len(wire.seen), stored, dict(by_operation), verdicts)
    wire.clear()
    return taken


def _name(id: str) -> str:
    """The last part of an ARN: what both sides call the resource."""
    return id.rpartition("/")[2].rpartition(":")[2]


def worker(folder: Path, *, alike: bool) -> None:
    """Collect, record, judge and sign with the tests of the six services, as `annexlog collect` does with all."""
    from annexlog.__main__ import spare
    from annexlog.answers import Reading, shapes
    from annexlog.assessing import assess
    from annexlog.collectors.clock import SystemClock
    from annexlog.config import load as configured
    from annexlog.evidence_store import keys
    from annexlog.evidence_store.store import Store
    from annexlog.mappings import load
    from annexlog.pipeline import Collector

    spare()  # as the command does
    regions = ", ".join(f'"{region}"' for region in REGIONS)
    (folder / "annexlog.toml").write_text(f'[targets.acme]\nprovider = "aws"\nregions = [{regions}]\n')
    keys.generate(folder / "annexlog.key")
    config = configured(folder / "annexlog.toml")
    mappings = load(shapes(), folders=config.mappings)
    chosen = {
        id: test
        for id, test in mappings.tests.items()
        if _service(id) in SERVICES and not (alike and MORE & {facet for _, facet in test.wanted()})
    }
    mappings = replace(mappings, tests=chosen)
    clock = SystemClock()
    with Store.open(config.store, create=True) as store:
        Collector(config, store, mappings, clock, redaction_key=b"k" * 32).collect()
        assess(store, mappings, clock)
        answers = [(a.test.id, _name(a.id), str(a.status)) for a in Reading(store.view()).answers()]
    (folder / "verdicts.json").write_text(json.dumps(answers))


def _service(test: str) -> str:
    return test.split(".")[1] if test.startswith("aws.") else ""


# ── beside each other ─────────────────────────────────────────────────────────────────────


def measure(prowler: str | None, sizes: Sizes) -> tuple[Taken, Taken, Taken | None]:
    """annexlog, annexlog with the work that both do, and the other, one after the other on the same estate."""
    import boto3

    from tests.wire import Moto, Wire, forward

    compileall.compile_dir(ROOT / "annexlog", quiet=1)  # as an installed package is, and the other's
    with (
        Moto() as moto,
        Wire(_as_aws(forward(moto.url)), threads=16) as wire,
        tempfile.TemporaryDirectory() as folder,
    ):
        session = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="plant")
        plant(lambda service, **options: session.client(service, endpoint_url=moto.url, **options), sizes)
        mine = ours(wire, Path(folder, "ours"))
        alike = ours(wire, Path(folder, "alike"), alike=True)
        return mine, alike, theirs(wire, Path(folder, "theirs"), prowler) if prowler else None


_QUERY = "https://iam.amazonaws.com/doc/2010-05-08/"


def _as_aws(source: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """moto's answers, and what they lack, as AWS documents it.

    The list of buckets says their regions, as S3 does where a page size is asked for. The credential report is of now
    and has the root user. Nobody has service-specific credentials, and `AllUsers` is refused beside a user's name.
    """
    from tests.home import real, with_root

    def ask(request: Any) -> Any:
        reply = source(request)
        if b"<GetCredentialReportResult>" in reply.body:
            return replace(reply, body=with_root(reply.body, real()))
        if b"<ListAllMyBucketsResult" in reply.body[:200] and "max-buckets=" in request.target:
            said = f"</CreationDate><BucketRegion>{REGIONS[0]}</BucketRegion>".encode()
            return replace(reply, body=reply.body.replace(b"</CreationDate>", said))
        if b"Action=ListServiceSpecificCredentials" in request.body:
            return _credentials(reply, both=b"UserName=" in request.body and b"AllUsers=" in request.body)
        return reply

    return ask


def _credentials(reply: Any, *, both: bool) -> Any:
    kind = {"Content-Type": "text/xml"}
    if both:
        said = "<Type>Sender</Type><Code>ValidationError</Code><Message>UserName and AllUsers</Message>"
        body = f'<ErrorResponse xmlns="{_QUERY}"><Error>{said}</Error><RequestId>r</RequestId></ErrorResponse>'
        return replace(reply, status=400, headers=kind, body=body.encode())
    said = "<ServiceSpecificCredentials/><IsTruncated>false</IsTruncated>"
    name = "ListServiceSpecificCredentials"
    body = f'<{name}Response xmlns="{_QUERY}"><{name}Result>{said}</{name}Result></{name}Response>'
    return replace(reply, status=200, headers=kind, body=body.encode())


def run(*, quick: bool = False, prowler: str | None = None) -> Report:
    sizes = Sizes(4, 4, 4, 2, 2, 2, 2, 1) if quick else Sizes()
    return report(*measure(prowler, sizes))


def report(mine: Taken, alike: Taken, other: Taken | None) -> Report:
    figures = {
        "cpu_seconds": mine.cpu, "peak_rss_mb": mine.rss_mb, "requests": mine.requests, "stored_bytes": mine.stored,
        "outcomes": len(mine.verdicts), "alike_cpu_seconds": alike.cpu, "alike_requests": alike.requests,
    }  # fmt: skip
    what = "300 buckets, 200 users, 300 groups, instances and volumes, 50 keys, 20 databases, 2 trails in moto"
    if other is None:
        return Report("peers_aws", f"{what}; annexlog alone; alike: without {_without(alike, mine)}", figures)
    baselines = {
        "cpu_seconds": other.cpu, "peak_rss_mb": other.rss_mb, "requests": other.requests,
        "stored_bytes": other.stored, "outcomes": len(other.verdicts), "alike_cpu_seconds": other.cpu,
        "alike_requests": other.requests,
    }  # fmt: skip
    goals = {
        "cpu_seconds": other.cpu / 8, "peak_rss_mb": other.rss_mb / 6, "requests": 0.6 * other.requests,
        "stored_bytes": other.stored / 20, "alike_cpu_seconds": other.cpu / 8, "alike_requests": 0.6 * other.requests,
    }  # fmt: skip
    about = f"{what}; beside Prowler, its six services; alike: without {_without(alike, mine)}"
    return Report("peers_aws", about, figures, goals, baselines)


def _without(alike: Taken, mine: Taken) -> str:
    return ", ".join(sorted({test for test, _ in mine.verdicts} - {test for test, _ in alike.verdicts}))


def table(mine: Taken, other: Taken) -> dict[str, dict[str, Counter[str]]]:
    """{test: {check: {"pass/FAIL": how often}}} wherever both say something of a resource of the same name."""
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    checks: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (check, name), status in other.verdicts.items():
        checks[name].append((check, status))
    for (test, name), status in mine.verdicts.items():
        for check, said in checks.get(name, ()):
            if _service(test) == check.partition("_")[0]:
                found[test][check][f"{status}/{said}"] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prowler", help="path of Prowler's own program")
    parser.add_argument("--raw", type=Path, help="write all that was measured here, as JSON")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    mine, alike, other = measure(options.prowler, Sizes(4, 4, 4, 2, 2, 2, 2, 1) if options.quick else Sizes())
    said = report(mine, alike, other)
    if options.raw:
        sides = {
            who: {
                "by_operation": side.by_operation,
                "verdicts": [[*key, status] for key, status in side.verdicts.items()],
            }
            for who, side in (("annexlog", mine), ("prowler", other))
            if side
        }
        crossed = table(mine, other) if other else {}
        options.raw.write_text(json.dumps({**said.as_json(), **sides, "table": crossed}, indent=1))
    for row in said.rows():
        print("  ".join(row))
    for who, side in (("annexlog", mine), ("prowler", other)):
        if side:
            ran = sorted({check for check, _ in side.verdicts})
            print(f"{who} judged by {len(ran)}: {' '.join(ran)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(Path(sys.argv[2]), alike=sys.argv[3:4] == ["alike"])
    else:
        with suppress(KeyboardInterrupt):
            main()
