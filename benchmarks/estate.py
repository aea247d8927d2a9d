"""A synthetic estate that looks like a real one: ten types of AWS and Kubernetes resources, and how they change.

Each body is a function of the resource's number and of how often each of its parts has changed (`ages`), so that an
estate of any size takes next to no memory and is the same in every run.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from annexlog.evidence_store.model import JSON, Line
from benchmarks import estate_bodies as bodies
from benchmarks.estate_bodies import REGION, STAGES, Ages, Body, account, token, when, word


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource type. `share`: how many of 100 resources are of it. `knobs`: what of a resource changes, by weight."""

    type: str
    id: Callable[[int], str]
    facets: dict[str, Body]
    share: int
    knobs: tuple[int, ...]

    @property
    def provider(self) -> str:
        return self.type.partition(".")[0]


def _bucket_id(n: int) -> str:
    return f"arn:aws:s3:::{word(n)}-{n:06}"


KINDS = (
    Kind("aws.ec2.instance", lambda n: f"arn:aws:ec2:{REGION}:{account(n)}:instance/i-{token(n, 'instance')}",
         {"": bodies.instance}, 10, (4, 2, 1, 1)),
    Kind("aws.ec2.security_group", lambda n: f"arn:aws:ec2:{REGION}:{account(n)}:security-group/sg-{token(n, 'sg')}",
         {"": bodies.security_group}, 12, (4, 1)),
    Kind("aws.s3.bucket", _bucket_id, {
        "": lambda n, _: {"Name": _bucket_id(n)[13:], "CreationDate": when(n), "BucketRegion": REGION},
        "policy": bodies.bucket_policy,
        "encryption": lambda n, ages: {"Rules": [{"BucketKeyEnabled": ages[1] % 2 == 0,
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms",
                                                   "KMSMasterKeyID": token(n % 90, "key")}}]},
        "public_access_block": lambda _, ages: dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), ages[2] % 2 == 0),
    }, 12, (4, 1, 1)),
    Kind("aws.iam.role", lambda n: f"arn:aws:iam::{account(n)}:role/{word(n)}-{n}", {
        "": bodies.role,
        "attached": lambda n, _: [{"PolicyName": "ReadOnlyAccess",
                                   "PolicyArn": f"arn:aws:iam::aws:policy/job-function/{word(n)}"}],
        "policies": bodies.role_policies}, 14, (3, 2)),
    Kind("aws.lambda.function", lambda n: f"arn:aws:lambda:{REGION}:{account(n)}:function:{word(n)}-{n}", {
        "": bodies.function,
        "policy": lambda n, _: {"Version": "2012-10-17", "Id": "default", "Statement": [
            {"Sid": token(n, "sid", 32), "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
             "Action": "lambda:InvokeFunction"}]}}, 10, (5, 1)),
    Kind("aws.rds.instance", lambda n: f"arn:aws:rds:{REGION}:{account(n)}:db:{word(n)}-{n}",
         {"": bodies.database}, 5, (1, 1, 8)),
    Kind("aws.kms.key", lambda n: f"arn:aws:kms:{REGION}:{account(n)}:key/{token(n, 'key', 32)}", {
        "": bodies.key, "policy": bodies.key_policy,
        "rotation": lambda n, _: {"KeyRotationEnabled": n % 9 > 0}}, 5, (1, 2)),
    Kind("aws.ec2.volume", lambda n: f"arn:aws:ec2:{REGION}:{account(n)}:volume/vol-{token(n, 'vol')}",
         {"": bodies.volume}, 12, (1,)),
    Kind("kubernetes.pod", lambda n: f"{word(n)}-{STAGES[n % 4]}/{token(n, 'pod name')}", {"": bodies.pod}, 12, (2, 3)),
    Kind("kubernetes.role_binding", lambda n: f"{word(n)}-{STAGES[n % 4]}/{word(n)}-{n}", {"": bodies.role_binding}, 8,
         (1,)),
)  # fmt: skip


class Estate:
    """`resources` of ten types in `scopes` scopes of AWS and a fifth as many clusters; each resource lives for ever."""

    def __init__(self, resources: int, scopes: int) -> None:
        self._names = {
            "aws": [f"aws/{account(n)}/region-{n // 10}" for n in range(scopes)],
            "kubernetes": [f"kubernetes/cluster-{n}" for n in range(max(1, scopes // 5))],
        }
        self._counts = [resources * kind.share // 100 for kind in KINDS]
        self._ages = [
            [array("H", bytes(2 * count)) for _ in kind.knobs] for kind, count in zip(KINDS, self._counts, strict=True)
        ]
        self._dice = random.Random(2022)

    @property
    def scopes(self) -> list[str]:
        return [name for names in self._names.values() for name in names]

    def kinds(self, scope: str) -> list[Kind]:
        """The types that there are in a scope."""
        return [kind for kind in KINDS if kind.provider == scope.partition("/")[0]]

    def lines(self, scope: str) -> Iterator[tuple[Line, Kind]]:
        for kind in self.kinds(scope):
            for facet in kind.facets:
                yield Line(scope, kind.type, facet), kind

    def ages(self, scope: str, kind: Kind) -> Iterator[tuple[int, Ages]]:
        """The number of each of a type's resources in a scope, and how often each of its parts has changed."""
        place, names = KINDS.index(kind), self._names[kind.provider]
        for n in range(names.index(scope), self._counts[place], len(names)):
            yield n, [knob[n] for knob in self._ages[place]]

    def look(self, scope: str, kind: Kind, facet: str) -> Iterator[tuple[str, JSON]]:
        """What a poll of one line shows: (id, body) of each resource."""
        body = kind.facets[facet]
        return ((kind.id(n), body(n, ages)) for n, ages in self.ages(scope, kind))

    def move(self, share: float) -> int:
        """Change one part of each of so many resources; returns how many."""
        moved = 0
        for kind, count, ages in zip(KINDS, self._counts, self._ages, strict=True):
            for n in self._dice.sample(range(count), round(count * share)):
                knob = self._dice.choices(range(len(ages)), kind.knobs)[0]
                ages[knob][n] += 1
                moved += 1
        return moved
