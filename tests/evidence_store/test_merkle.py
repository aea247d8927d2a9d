"""Roots and proofs are those of RFC 6962, whoever computes them, and a proof of anything else is refused."""

import plain_layout
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexlog.evidence_store.layout import record_leaf
from annexlog.evidence_store.merkle import (
    EMPTY,
    Ordered,
    Tree,
    _consistency,
    _path,
    consistency_proof,
    inclusion_proof,
    node,
    root,
    verify_consistency,
    verify_inclusion,
)

unhex = bytes.fromhex
GARBAGE = plain_layout.sha(b"garbage")

# Known answers of github.com/transparency-dev/merkle, proof/verify_test.go and rfc6962/rfc6962_test.go (Apache-2.0),
# the same that Certificate Transparency's reference implementation has used since RFC 6962.
ENTRIES = [unhex(e) for e in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
ENTRIES.append(unhex("606162636465666768696a6b6c6d6e6f"))
LEAVES = [record_leaf(entry) for entry in ENTRIES]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {  # (index from 0, size): path
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {  # (old size, new size): path
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def hexes(hashes):
    return [hash.hex() for hash in hashes]


def grown(leaves):
    """A tree of these leaves, and the tiles that it gave out."""
    tree, tiles = Tree(), {}
    for leaf in leaves:
        for level, index, tile in tree.append(leaf):
            tiles[level, index] = tile
    return tree, tiles


def test_roots_are_those_of_the_reference_implementation():
    tree, _ = grown(LEAVES)

    made = [(root(LEAVES[:n]).hex(), tree.root(n).hex()) for n in range(9)]

    assert made == [(wanted, wanted) for wanted in ROOTS]


def test_inclusion_paths_are_those_of_the_reference_implementation():
    tree, _ = grown(LEAVES)

    made = {(i, n): hexes(inclusion_proof(LEAVES[:n], i)) for i, n in INCLUSION}
    of_tree = {(i, n): hexes(tree.inclusion_proof(i, n)) for i, n in INCLUSION}

    assert made == of_tree == INCLUSION


def test_consistency_paths_are_those_of_the_reference_implementation():
    tree, _ = grown(LEAVES)

    made = {(old, new): hexes(consistency_proof(LEAVES[:new], old)) for old, new in CONSISTENCY}
    of_tree = {(old, new): hexes(tree.consistency_proof(old, new)) for old, new in CONSISTENCY}

    assert made == of_tree == CONSISTENCY


def test_the_reference_implementation_s_proofs_verify():
    included = [
        verify_inclusion(LEAVES[i], i, n, [unhex(h) for h in path], unhex(ROOTS[n]))
        for (i, n), path in INCLUSION.items()
    ]
    consistent = [
        verify_consistency(old, new, unhex(ROOTS[old]), unhex(ROOTS[new]), [unhex(h) for h in path])
        for (old, new), path in CONSISTENCY.items()
    ]

    assert included + consistent == [True] * 10


# ── the standard's own example ────────────────────────────────────────────────────────────


def test_the_seven_leaves_of_rfc_6962_have_its_paths_and_proofs():
    """Section 2.1.3 (2.1.5 of RFC 9162): the audit paths of d0, d3, d4, d6, and PROOF(3, 4 and 6, D[7])."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = node(a, b), node(c, d), node(e, f)
    k, l = node(g, h), node(i, j)  # noqa: E741 — the standard's names
    tree, _ = grown(LEAVES[:7])

    paths = [tree.inclusion_proof(index) for index in (0, 3, 4, 6)]
    proofs = [tree.consistency_proof(old) for old in (3, 4, 6)]

    assert paths == [[b, h, l], [c, g, l], [f, j, k], [i, k]]
    assert proofs == [[c, d, g, l], [l], [i, j, k]]
    assert tree.root() == node(k, l)


# ── what the reference implementation refuses ─────────────────────────────────────────────

SOME_HASH = unhex("abacaba000000000000000000000000000000000000000000060061e00123456")


def flipped(path, bit):
    """The path with one bit of one of its hashes changed, in turn."""
    return [[*path[:n], bytes([path[n][0] ^ bit]) + path[n][1:], *path[n + 1 :]] for n in range(len(path))]


def wrong_inclusions(index, size, top, leaf, path):
    """The probes of corruptInclusionProof, proof/verify_test.go: (leaf, index, size, path, root)."""
    others = [
        (leaf, index - 1, size, path, top),
        (leaf, index + 1, size, path, top),
        (leaf, index ^ 2, size, path, top),
        (leaf, index, size * 2, path, top),
        (leaf, index, size // 2, path, top),
        (b"WrongLeaf", index, size, path, top),
        (leaf, index, size, path, EMPTY),
        (leaf, index, size, path, SOME_HASH),
    ]
    paths = [[*path, b""], [*path, top], [b"", *path], [top, *path], *flipped(path, 8)]
    paths += [path[:-1]] if path else []
    paths += [[path[0], SOME_HASH, *path[1:]]] if len(path) > 1 else []
    return [*others, *((leaf, index, size, bad, top) for bad in paths)]


def wrong_consistencies(old, new, before, after, path):
    """The probes of corruptConsistencyProof, proof/verify_test.go: (old, new, old root, new root, path)."""
    others = [
        (old - 1, new, before, after, path),
        (old + 1, new, before, after, path),
        (old ^ 2, new, before, after, path),
        (old, new * 2, before, after, path),
        (old, new // 2, before, after, path),
        (old, new, b"WrongRoot", after, path),
        (old, new, before, b"WrongRoot", path),
        (old, new, after, before, path),
    ]
    paths = [[], [*path, b""], [*path, before], [*path, after], [b"", *path], [before, *path], [after, *path]]
    paths += [[path[0], *path], path[:-1], *flipped(path, 16)]
    return [*others, *((old, new, before, after, bad) for bad in paths)]


def test_what_the_reference_implementation_refuses_as_inclusion_is_refused():
    probes = [
        probe
        for (index, size), path in INCLUSION.items()
        for probe in wrong_inclusions(index, size, unhex(ROOTS[size]), LEAVES[index], [unhex(h) for h in path])
    ]

    accepted = [probe for probe in probes if verify_inclusion(*probe)]

    assert (accepted, len(probes)) == ([], 77)


def test_what_the_reference_implementation_refuses_as_consistency_is_refused():
    probes = [
        probe
        for (old, new), path in CONSISTENCY.items()
        if path
        for probe in wrong_consistencies(old, new, unhex(ROOTS[old]), unhex(ROOTS[new]), [unhex(h) for h in path])
    ]

    accepted = [probe for probe in probes if verify_consistency(*probe)]

    assert (accepted, len(probes)) == ([], 79)


def test_a_tree_of_one_leaf_has_that_leaf_as_its_root_and_nothing_shorter_is_one():
    """TestVerifyInclusionSingleEntry, proof/verify_test.go."""
    leaf = record_leaf(b"data")

    verdicts = [verify_inclusion(a, 0, 1, [], b) for a, b in ((leaf, leaf), (leaf, b""), (b"", leaf), (b"", b""))]

    assert verdicts == [True, False, False, False]


@pytest.mark.parametrize(("index", "size"), [(0, 0), (0, 1), (1, 0), (2, 1)])
def test_no_empty_path_proves_what_is_no_leaf(index, size):
    """TestVerifyInclusion, proof/verify_test.go."""
    pairs = [(SOME_HASH, b""), (b"", EMPTY), (SOME_HASH, EMPTY)]

    assert [verify_inclusion(leaf, index, size, [], top) for leaf, top in pairs] == [False, False, False]


@pytest.mark.parametrize(
    ("old", "new", "before", "after", "path", "consistent"),
    [
        (0, 0, GARBAGE, SOME_HASH, [], False),
        (1, 1, GARBAGE, SOME_HASH, [], False),
        (1, 1, SOME_HASH, SOME_HASH, [], True),
        (1, 0, GARBAGE, SOME_HASH, [], False),
        (2, 1, GARBAGE, SOME_HASH, [], False),
        (1, 2, GARBAGE, SOME_HASH, [], False),
        (0, 0, EMPTY, SOME_HASH, [], False),
        (1, 1, EMPTY, SOME_HASH, [], False),
        (0, 0, EMPTY, EMPTY, [EMPTY], False),
        (0, 1, EMPTY, EMPTY, [EMPTY], False),
        (1, 1, EMPTY, EMPTY, [EMPTY], False),
    ],
)
def test_sizes_and_roots_alone_are_judged_as_by_the_reference_implementation(old, new, before, after, path, consistent):
    """TestVerifyConsistency, proof/verify_test.go."""
    assert verify_consistency(old, new, before, after, path) is consistent


# ── against the definitions, written plainly ──────────────────────────────────────────────


@settings(deadline=None)
@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_paths_and_proofs_are_the_definition_s(size_and_index):
    size, index = size_and_index
    leaves = [plain_layout.sha(b"%d" % n) for n in range(size)]
    tree, _ = grown(leaves)

    path, proof = plain_layout.audit_path(index, leaves), plain_layout.consistency(index + 1, leaves)

    assert (inclusion_proof(leaves, index), tree.inclusion_proof(index)) == (path, path)
    assert (consistency_proof(leaves, index + 1), tree.consistency_proof(index + 1)) == (proof, proof)


def test_proofs_are_as_long_as_theory_says():
    """An audit path has at most ⌈log₂ n⌉ hashes, and some leaf's has; a consistency proof at most ⌈log₂ n⌉ + 1."""
    sizes = range(1, 513)
    height = {size: (size - 1).bit_length() for size in sizes}

    def unhashed(lo, hi):
        return b""

    paths = {n: max(len(_path(index, 0, n, unhashed)) for index in range(n)) for n in sizes}
    proofs = {n: max(len(_consistency(old, n, unhashed)) for old in range(1, n + 1)) for n in sizes}

    assert paths == height
    assert {n for n in sizes if proofs[n] > height[n] + 1} == set()
    assert (proofs[7], proofs[8], proofs[512]) == (4, 4, 10)


# ── proofs of anything else ───────────────────────────────────────────────────────────────


def corrupt_paths(path):
    """The corruptions of a path that the reference implementation's tests try."""
    flipped = [[*path[:i], bytes([path[i][0] ^ 8]) + path[i][1:], *path[i + 1 :]] for i in range(len(path))]
    cut = [path[:-1], path[1:]] if path else []
    return [*flipped, *cut, [*path, b""], [*path, GARBAGE], [b"", *path], [GARBAGE, *path]]


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_an_inclusion_proof_verifies_for_its_leaf_place_and_root_alone(size_and_index):
    size, index = size_and_index
    leaves = [plain_layout.sha(bytes([i])) for i in range(size)]
    whole = plain_layout.tree(leaves)

    path = inclusion_proof(leaves, index)
    wrong = [
        *(verify_inclusion(leaves[index], i, size, path, whole) for i in range(-1, size + 2) if i != index),
        *(verify_inclusion(leaves[index], index, size, bad, whole) for bad in corrupt_paths(path)),
        verify_inclusion(GARBAGE, index, size, path, whole),
        verify_inclusion(leaves[index], index, size, path, GARBAGE),
        verify_inclusion(leaves[index][:31], index, size, path, whole),
        verify_inclusion(leaves[index], index, 0, path, whole),
    ]

    assert (verify_inclusion(leaves[index], index, size, path, whole), any(wrong)) == (True, False)


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_a_consistency_proof_verifies_for_its_sizes_and_roots_alone(sizes):
    old, new = sizes
    leaves = [plain_layout.sha(bytes([i])) for i in range(new)]
    before, after = plain_layout.tree(leaves[:old]), plain_layout.tree(leaves)

    path = consistency_proof(leaves, old)
    wrong = [
        *(verify_consistency(old, new, before, after, bad) for bad in corrupt_paths(path)),
        verify_consistency(old, new, GARBAGE, after, path),
        verify_consistency(old, new, before, GARBAGE, path),
        verify_consistency(new + 1, new, before, after, path),
        verify_consistency(-1, new, before, after, path),
    ]

    assert (verify_consistency(old, new, before, after, path), any(wrong)) == (True, False)


def test_a_proof_of_the_wrong_length_is_refused_even_if_it_leads_to_the_root():
    leaf, sibling = LEAVES[:2]

    verdicts = [
        verify_inclusion(leaf, 0, 1, [sibling], node(sibling, leaf)),
        verify_inclusion(leaf, 0, 3, [sibling], node(leaf, sibling)),
        verify_consistency(1, 2, leaf, node(sibling, node(leaf, leaf)), [leaf, sibling]),
        verify_consistency(1, 3, leaf, node(leaf, sibling), [sibling]),
    ]

    assert verdicts == [False, False, False, False]


def test_a_fork_has_no_consistency_proof():
    leaves = [plain_layout.sha(bytes([i])) for i in range(40)]
    forked = [*leaves[:19], GARBAGE, *leaves[20:]]

    verdicts = [
        verify_consistency(old, 40, root(leaves[:old]), root(forked), consistency_proof(forked, old))
        for old in range(1, 41)
    ]

    assert verdicts == [True] * 19 + [False] * 21


def test_everything_extends_the_empty_log_and_the_empty_root_alone():
    verdicts = [
        verify_consistency(0, 3, EMPTY, GARBAGE, []),
        verify_consistency(0, 0, EMPTY, EMPTY, []),
        verify_consistency(0, 3, GARBAGE, GARBAGE, []),
        verify_consistency(0, 0, EMPTY, GARBAGE, []),
        verify_consistency(0, 3, EMPTY, GARBAGE, [GARBAGE]),
    ]

    assert verdicts == [True, True, False, False, False]


@given(st.integers(0, 140))
def test_a_root_is_the_definition_s(size):
    leaves = [plain_layout.sha(bytes([i])) for i in range(size)]

    assert root(leaves) == plain_layout.tree(leaves)


MANY = [plain_layout.sha(b"%d" % i) for i in range(66_000)]
GROWN, TILES = grown(MANY)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_log_reopened_from_its_tiles_is_the_log_that_grew(data):
    size = data.draw(st.sampled_from([0, 1, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537]) | st.integers(0, 66_000))
    old = data.draw(st.integers(0, size))
    asked = []

    def leaves(start, stop):
        asked.append((start, stop))
        return MANY[start:stop]

    tree = Tree(size, lambda level, index: TILES[level, index], leaves)
    whole = root(MANY[:size])

    assert asked == [(size - size % 256, size)]
    assert (tree.root(), GROWN.root(size), tree.root(old)) == (whole, whole, root(MANY[:old]))
    assert tree.consistency_proof(old) == GROWN.consistency_proof(old, size)
    assert verify_consistency(old, size, root(MANY[:old]), whole, tree.consistency_proof(old))
    assert size == 0 or verify_inclusion(
        MANY[old % size], old % size, size, tree.inclusion_proof(old % size), whole
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 600), st.integers(0, 600))
def test_a_reopened_log_goes_on_growing_as_if_it_had_never_closed(size, more):
    stored = dict(TILES)
    tree = Tree(size, lambda level, index: stored[level, index], lambda start, stop: MANY[start:stop])

    filled = [tile for leaf in MANY[size : size + more] for tile in tree.append(leaf)]

    assert (tree.size, tree.root()) == (size + more, root(MANY[: size + more]))
    assert {(level, index): tile for level, index, tile in filled} == {
        (0, index): TILES[0, index] for index in range(size // 256, (size + more) // 256)
    }


def test_tiles_are_those_of_tlog_tiles():
    """Tile (l, n) is MTH(D[(256n + i)·256^l : (256n + i + 1)·256^l]) for i of 0 to 255, and only full ones are kept."""
    level_0 = {(0, n): b"".join(MANY[256 * n : 256 * n + 256]) for n in range(257)}
    level_1 = {(1, 0): b"".join(plain_layout.tree(MANY[256 * i : 256 * i + 256]) for i in range(256))}

    assert level_0 | level_1 == TILES


def test_a_tree_of_70000_has_the_tiles_that_tlog_tiles_counts():
    """https://c2sp.org/tlog-tiles, "Partial Tiles": the full tiles by level, and how wide the partial ones are."""
    tree, tiles = grown(MANY + [plain_layout.sha(b"%d" % i) for i in range(66_000, 70_000)])
    small, small_tiles = grown(MANY[:256])

    full = [sum(level == wanted for level, _ in tiles) for wanted in (0, 1, 2)]

    assert (full, [len(edge) for edge in tree._edge]) == ([273, 1, 0], [112, 17, 1])
    assert (list(small_tiles), [len(edge) for edge in small._edge]) == ([(0, 0)], [0, 1])
    assert {len(tile) for tile in tiles.values()} == {8192}
    assert tree._edge[2] == [plain_layout.sha(b"\x01" + b"".join(halves(tiles[1, 0])))]


def halves(tile):
    """The roots of the two halves of a tile."""
    hashes = [tile[n : n + 32] for n in range(0, len(tile), 32)]
    return plain_layout.tree(hashes[:128]), plain_layout.tree(hashes[128:])


@pytest.mark.parametrize(
    ("tile", "leaves"),
    [(lambda *_: b"", lambda a, b: MANY[a:b]), (lambda *_: bytes(32 * 255), lambda a, b: MANY[a:b])],
)
def test_a_log_whose_tile_is_not_whole_says_so(tile, leaves):
    with pytest.raises(ValueError, match="tile 0/0"):
        Tree(300, tile, leaves)


def test_a_log_that_lacks_leaves_says_so():
    with pytest.raises(ValueError, match="lacks"):
        Tree(300, lambda *at: TILES[at], lambda start, stop: MANY[start : stop - 1])


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.root(9),
        lambda tree: tree.root(-1),
        lambda tree: tree.inclusion_proof(8),
        lambda tree: tree.inclusion_proof(5, 5),
        lambda tree: tree.inclusion_proof(-1),
        lambda tree: tree.consistency_proof(6, 5),
        lambda tree: tree.consistency_proof(-1),
        lambda tree: inclusion_proof(LEAVES, 8),
        lambda tree: consistency_proof(LEAVES, 9),
    ],
)
def test_what_a_log_never_had_is_an_index_error(ask):
    tree, _ = grown(LEAVES)

    with pytest.raises(IndexError):
        ask(tree)


def test_a_leaf_of_another_length_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Tree().append(b"short")


keys = st.integers(0, 60).map(lambda i: b"%03d" % i)
leaf_hashes = st.integers(0, 255).map(lambda i: plain_layout.sha(bytes([i])))
puts = st.lists(st.tuples(st.just("put"), keys, leaf_hashes), max_size=8)
updates = st.lists(st.tuples(st.just("update"), keys, st.none() | leaf_hashes), max_size=40)
few_updates = st.lists(st.tuples(st.just("update"), keys, st.none() | leaf_hashes), max_size=5)
full = {b"%03d" % i: plain_layout.sha(b"%d" % i) for i in range(61)}


@given(
    st.just(full) | st.dictionaries(keys, leaf_hashes, max_size=60), st.lists(puts | updates | few_updates, max_size=6)
)
def test_an_ordered_tree_is_the_tree_of_its_sorted_leaves_whatever_changed(wanted, rounds):
    wanted = dict(wanted)
    tree = Ordered(wanted.items())
    roots, naive = [tree.root()], [plain_layout.tree([wanted[key] for key in sorted(wanted)])]

    for changes in rounds:
        for how, key, leaf in changes:
            if how == "put":
                tree.put(key, leaf)
        tree.update({key: leaf for how, key, leaf in changes if how == "update"})
        wanted.update({key: leaf for _, key, leaf in changes})
        wanted = {key: leaf for key, leaf in wanted.items() if leaf is not None}
        roots.append(tree.root())
        naive.append(plain_layout.tree([wanted[key] for key in sorted(wanted)]))

    assert (roots, len(tree)) == (naive, len(wanted))


def test_an_ordered_tree_proves_a_key():
    tree = Ordered((b"%d" % i, plain_layout.sha(b"%d" % i)) for i in range(9))

    index, path = tree.proof(b"5")

    assert index == 5
    assert verify_inclusion(plain_layout.sha(b"5"), 5, 9, path, tree.root())


def test_an_ordered_tree_has_no_proof_of_a_key_that_it_lacks():
    with pytest.raises(KeyError):
        Ordered([(b"a", GARBAGE)]).proof(b"b")


def test_a_node_is_the_hash_of_one_and_both_children():
    assert node(b"l" * 32, b"r" * 32) == plain_layout.sha(b"\x01" + b"l" * 32 + b"r" * 32)
