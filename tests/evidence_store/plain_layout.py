"""The byte layout once more, written apart from the product and as plainly as can be: what the vectors are made with.

`python tests/evidence_store/plain_layout.py > tests/evidence_store/vectors.json` writes the published vectors.
"""

import base64
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:@*,=+"
RECORD_KEYS = [
    *("seq", "recorded", "clock", "writer", "run_key", "kind", "target", "caller", "collector", "policy", "now"),
    *("upto", "definitions_root", "lines", "populations_root", "heads_root", "outcomes_root", "previous_checkpoint"),
    "previous_timestamp",
]


def sha(data):
    return hashlib.sha256(data).digest()


def cid(salt, scope, type, native_id):
    return sha(b"annexlog/id\x00" + salt + scope.encode() + b"\x00" + type.encode() + b"\x00" + native_id.encode())


def k(salt, facet, digest):
    return hmac.new(salt, b"annexlog/v\x00" + facet.encode() + b"\x00" + digest, hashlib.sha256).digest()


def leaf(cid, salt, facet, digest):
    return sha(b"\x00" + cid + sha(k(salt, facet, digest) + digest))


def outcome_body(status, reason):
    return json.dumps({"reason": reason, "status": status}, sort_keys=True, separators=(",", ":")).encode()


def causes(by_cid):
    text = "".join(f"{cid}\t{written(cause)}\n" for cid, cause in sorted(by_cid.items()))
    return sha(text.encode()) if by_cid else None


def written(value):
    """One part of a line or record: None "-", numbers decimal, digests lower hex, text percent-encoded."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return "".join(chr(byte) if byte in PLAIN else f"%{byte:02X}" for byte in value.encode())


def text_line(*parts):
    return "\t".join(written(part) for part in parts).encode()


def tree(leaves):
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha(b"\x01" + tree(leaves[:split]) + tree(leaves[split:]))


def split(size):
    """The largest power of two below `size`."""
    found = 1
    while found * 2 < size:
        found *= 2
    return found


def audit_path(index, leaves):
    """PATH of RFC 6962, 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*audit_path(index, leaves[:k]), tree(leaves[k:])]
    return [*audit_path(index - k, leaves[k:]), tree(leaves[:k])]


def consistency(old, leaves, known=True):
    """PROOF and SUBPROOF of RFC 6962, 2.1.2, word for word."""
    if old == len(leaves):
        return [] if known else [tree(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*consistency(old, leaves[:k], known), tree(leaves[k:])]
    return [*consistency(old - k, leaves[k:], known=False), tree(leaves[:k])]


def lines_root(lines):
    return tree([sha(b"\x00" + line) for line in sorted(lines)])


def record(values):
    rows = ["annexlog/run/1", *(f"{key} {written(values[key])}" for key in RECORD_KEYS)]
    return "".join(f"{row}\n" for row in rows).encode()


def key_id(name, public):
    return sha(name.encode() + b"\n\x01" + public)[:4]


def checkpoint(seed, origin, size, root):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    signature = base64.b64encode(key_id(origin, public) + private.sign(text.encode())).decode()
    return f"{text}\n— {origin} {signature}\n".encode()


# ── the vectors ───────────────────────────────────────────────────────────────────────────

SALT = bytes(range(32))
HOSTILE = "tab\tnewline\npercent%25 nul-free ünïcode 🔑"
BUCKET = ("aws/123456789012", "aws.s3.bucket", "")
BODY = b'{"Name":"payroll"}'
DENIED = {"code": "AccessDenied", "operation": "s3:GetBucketAcl", "permission": "s3:GetBucketAcl", "reason": "denied"}

RESOURCES = [
    {"salt": SALT, "scope": BUCKET[0], "type": BUCKET[1], "native_id": "arn:aws:s3:::payroll"},
    {"salt": SALT[::-1], "scope": "kubernetes/prod", "type": "kubernetes.pod", "native_id": "shop/ünïcode\t\n🔑"},
    {"salt": bytes(32), "scope": "org", "type": "register", "native_id": ""},
]
BODIES = [BODY, b"null", b'{"$unknown":{"code":"","operation":"","permission":"","reason":"throttled"}}', b""]
FACETS = ["", "public_access_block", "outcome:aws.s3.default-encryption"]
OUTCOMES = [("pass", None), ("not_applicable", None), ("unknown", DENIED)]
CAUSES = [{}, {"ab" * 32: "estate"}, {"ff" * 32: "definition", "00" * 32: "register", "7f" * 32: "clock"}]
POPULATIONS = [
    (*BUCKET, "complete", 1764094840123, 1764094841456, 2, sha(b"root"), sha(b"rules"), sha(b"provenance")),
    (*BUCKET[:2], "policy", "denied", 0, 1, None, None, None, sha(b"provenance")),
    (HOSTILE, "-", HOSTILE, "partial", 7, 7, 0, sha(b""), None, None),
    (*BUCKET[:2], "acl", "supplement", 2**63 - 1, 2**63 - 1, 1, sha(b"one"), None, None),
]
OUTCOME_LINES = [
    (*BUCKET[:2], "outcome:aws.s3.default-encryption", 10, 4, 3, 2, 1, sha(b"root"), sha(b"causes"), sha(b"inputs")),
    (*BUCKET[:2], "outcome:aws.s3.access-logging", 0, 0, 0, 0, 0, sha(b""), None, None),
]
HEADS = [(*BUCKET, 12, 1764094841456, 11), (HOSTILE, HOSTILE, HOSTILE, 1, 0, 1)]
RECORDS = [
    dict.fromkeys(RECORD_KEYS)
    | {"seq": 1, "recorded": 1764094842000, "clock": 1764094841999, "writer": "annexlog/0.1.0", "run_key": "a" * 64}
    | {"kind": "collect", "target": "production", "caller": "arn:aws:sts::123456789012:assumed-role/auditor/x"}
    | {"collector": "aws/0.1.0", "policy": "-", "lines": 2, "populations_root": sha(b"p"), "heads_root": sha(b"h")},
    dict.fromkeys(RECORD_KEYS)
    | {"seq": 2, "recorded": 1764094843000, "clock": 1764094841000, "writer": HOSTILE, "run_key": "-"}
    | {"kind": "assess", "target": "-", "caller": "", "collector": "-", "policy": "-", "now": 1764094842500}
    | {"upto": 1, "definitions_root": sha(b"d"), "lines": 1, "heads_root": sha(b"h"), "outcomes_root": sha(b"o")}
    | {"previous_checkpoint": sha(b"c"), "previous_timestamp": sha(b"t")},
]
SEED = sha(b"a seed for vectors, never for use")


def shown(value):
    """The JSON form: bytes as hex (of texts that are UTF-8, as "text")."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, (list, tuple)) else value


def vectors():
    """Every vector: {name of the formula: [{inputs …, and what comes out}]}; bytes in hex."""
    digests = [(cid(**r), r["salt"], facet, sha(body)) for r in RESOURCES for facet in FACETS for body in BODIES]
    leaves = [sha(b"\x00" + bytes([i])) for i in range(9)]
    made = {
        "cid": [{**r, "cid": cid(**r)} for r in RESOURCES],
        "leaf": [
            {"cid": c, "salt": s, "facet": f, "sha256": d, "k": k(s, f, d), "leaf": leaf(c, s, f, d)}
            for c, s, f, d in digests
        ],
        "outcome_body": [
            {"status": s, "reason": r, "text": (b := outcome_body(s, r)).decode(), "sha256": sha(b)}
            for s, r in OUTCOMES
        ],
        "causes_sha256": [{"causes": c, "sha256": causes(c)} for c in CAUSES],
        "population_line": [{"parts": p, "text": text_line(*p).decode()} for p in POPULATIONS],
        "outcome_line": [{"parts": p, "text": text_line(*p).decode()} for p in OUTCOME_LINES],
        "head_line": [{"parts": p, "text": text_line(*p).decode()} for p in HEADS],
        "lines_root": [
            {"lines": [line.decode() for line in lines], "root": lines_root(lines)}
            for lines in ([], [text_line(*HEADS[0])], [text_line(*p) for p in POPULATIONS])
        ],
        "record": [{"values": v, "text": (r := record(v)).decode(), "leaf": sha(b"\x00" + r)} for v in RECORDS],
        "root": [{"leaves": leaves[:n], "root": tree(leaves[:n])} for n in range(10)],
        "checkpoint": [
            {"seed": SEED, "origin": "annexlog.example/org", "size": 2, "root": (r := tree(leaves[:2]))}
            | {"text": checkpoint(SEED, "annexlog.example/org", 2, r).decode()}
        ],
    }
    return shown(made)


if __name__ == "__main__":
    json.dump(vectors(), sys.stdout, indent=1, ensure_ascii=True)
    sys.stdout.write("\n")
