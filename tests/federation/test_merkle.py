"""The tree against a naive RFC 6962, an independent implementation and published vectors."""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from federation.errors import BeyondTree, ProofRefused
from federation.transparency import merkle
from federation.transparency.merkle import CompactRange, Node

from .vectors import from_base64, from_hex, read_vectors

TREES = read_vectors("log/rfc6962-trees.json")
ARGON = read_vectors("log/ct-argon2020.json")
ROOTS = from_hex(TREES["roots"])
LEAVES = merkle.leaf_hashes(from_hex(TREES["leaves"]))

sizes = st.integers(1, 700)


def entries_of(size: int) -> list[bytes]:
    return [hashlib.sha256(b"entry %d" % i).digest() for i in range(size)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    both = naive_root(leaves[:k]) + naive_root(leaves[k:])
    return hashlib.sha256(b"\x01" + both).digest()


def reader(leaves: Sequence[bytes]) -> merkle.Reader:
    def read(nodes: Sequence[Node]) -> list[bytes]:
        return [
            naive_root(leaves[n.position << n.level : (n.position + 1) << n.level]) for n in nodes
        ]

    return read


def pymerkle_tree(entries: Sequence[bytes]) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return tree


def root_of(leaves: Sequence[bytes]) -> bytes:
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


# --- Roots ---------------------------------------------------------------------------------------


def test_the_empty_tree_has_the_published_root() -> None:
    assert CompactRange().root().hex() == TREES["empty_root"]


@pytest.mark.parametrize("size", range(1, 9))
def test_published_trees_have_the_published_roots(size: int) -> None:
    assert root_of(LEAVES[:size]) == ROOTS[size - 1]


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 513, 1000])
def test_roots_equal_those_of_an_independent_implementation(size: int) -> None:
    entries = entries_of(size)
    assert root_of(merkle.leaf_hashes(entries)) == pymerkle_tree(entries).get_root(size)


@given(st.lists(st.integers(0, 300), max_size=8))
def test_the_root_does_not_depend_on_how_entries_were_batched(batches: list[int]) -> None:
    leaves = merkle.leaf_hashes(entries_of(sum(batches)))
    tree, start = CompactRange(), 0
    for batch in batches:
        tree = CompactRange.from_bytes(tree.size, tree.to_bytes())
        tree.extend(leaves[start : start + batch])
        start += batch
    assert tree.root() == naive_root(leaves)


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_every_full_group_of_256_leaves_completes_one_tile_hash(first: int, second: int) -> None:
    leaves = merkle.leaf_hashes(entries_of(first + second))
    tree = CompactRange()
    completed = tree.extend(leaves[:first]) + tree.extend(leaves[first:])
    expected = [naive_root(leaves[i : i + 256]) for i in range(0, len(leaves) - 255, 256)]
    assert completed == [(1, node) for node in expected]


def test_a_hash_of_the_second_tile_level_covers_65536_entries() -> None:
    leaves = merkle.leaf_hashes(entries_of(65_537))
    completed = dict(CompactRange().extend(leaves))
    assert completed[2] == merkle.subtree_hash(leaves[:65_536])


def test_a_compact_range_of_another_size_is_refused() -> None:
    with pytest.raises(ProofRefused, match="compact range of 3 entries has 64 bytes"):
        CompactRange.from_bytes(3, bytes(32))


# --- Published proofs ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", TREES["inclusion"])
def test_published_inclusion_proofs_are_made_and_verified(case: dict[str, Any]) -> None:
    index, size, proof = case["index"], case["size"], from_hex(case["proof"])
    assert merkle.inclusion_proof(index, size, reader(LEAVES)) == proof
    merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size - 1])


@pytest.mark.parametrize("case", TREES["consistency"])
def test_published_consistency_proofs_are_made_and_verified(case: dict[str, Any]) -> None:
    old, new, proof = case["old"], case["new"], from_hex(case["proof"])
    assert merkle.consistency_proof(old, new, reader(LEAVES)) == proof
    merkle.verify_consistency(old, ROOTS[old - 1], new, ROOTS[new - 1], proof)


def test_an_entry_of_a_real_log_of_a_billion_entries_is_verified() -> None:
    case = ARGON["inclusion"]
    leaf, root = from_base64([case["leaf_hash"], ARGON["root"]])
    proof = from_base64(case["proof"])
    merkle.verify_inclusion(leaf, case["index"], ARGON["size"], proof, root)


def test_the_growth_of_a_real_log_to_a_billion_entries_is_verified() -> None:
    case = ARGON["consistency"]
    old_root, root = from_base64([case["old_root"], ARGON["root"]])
    proof = from_base64(case["proof"])
    merkle.verify_consistency(case["old_size"], old_root, ARGON["size"], root, proof)


# --- Proofs of any tree --------------------------------------------------------------------------


def test_every_inclusion_proof_of_every_small_tree_verifies() -> None:
    for size in range(1, 34):
        leaves = merkle.leaf_hashes(entries_of(size))
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, reader(leaves))
            merkle.verify_inclusion(leaves[index], index, size, proof, naive_root(leaves))


def test_every_consistency_proof_of_every_small_tree_verifies() -> None:
    leaves = merkle.leaf_hashes(entries_of(33))
    for new in range(34):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, reader(leaves))
            roots = naive_root(leaves[:old]), naive_root(leaves[:new])
            merkle.verify_consistency(old, roots[0], new, roots[1], proof)


@settings(max_examples=25)
@given(sizes, st.randoms(use_true_random=False))
def test_an_inclusion_proof_with_any_bit_flipped_is_refused(size: int, random: Random) -> None:
    leaves = merkle.leaf_hashes(entries_of(size))
    index = random.randrange(size)
    root = naive_root(leaves)
    parts = [leaves[index], root, *merkle.inclusion_proof(index, size, reader(leaves))]
    for at in range(len(parts)):
        forged = [flip(part, random) if i == at else part for i, part in enumerate(parts)]
        with pytest.raises(ProofRefused):
            merkle.verify_inclusion(forged[0], index, size, forged[2:], forged[1])


@settings(max_examples=25)
@given(sizes, st.randoms(use_true_random=False))
def test_a_consistency_proof_with_any_bit_flipped_is_refused(size: int, random: Random) -> None:
    leaves = merkle.leaf_hashes(entries_of(size))
    old = random.randrange(1, size + 1)
    parts = [naive_root(leaves[:old]), naive_root(leaves)]
    parts += merkle.consistency_proof(old, size, reader(leaves))
    for at in range(len(parts)):
        forged = [flip(part, random) if i == at else part for i, part in enumerate(parts)]
        with pytest.raises(ProofRefused):
            merkle.verify_consistency(old, forged[0], size, forged[1], forged[2:])


def flip(part: bytes, random: Random) -> bytes:
    bit = random.randrange(256)
    return (int.from_bytes(part) ^ (1 << bit)).to_bytes(32)


@settings(max_examples=50)
@given(st.integers(2, 200), st.data())
def test_an_inclusion_proof_serves_no_other_index(size: int, data: st.DataObject) -> None:
    leaves = merkle.leaf_hashes(entries_of(size))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    proof = merkle.inclusion_proof(index, size, reader(leaves))
    with pytest.raises(ProofRefused):
        merkle.verify_inclusion(leaves[index], other, size, proof, naive_root(leaves))


@settings(max_examples=50)
@given(st.integers(1, 200), st.data())
def test_a_proof_that_is_too_long_is_refused(size: int, data: st.DataObject) -> None:
    leaves = merkle.leaf_hashes(entries_of(size))
    index = data.draw(st.integers(0, size - 1))
    proof = [*merkle.inclusion_proof(index, size, reader(leaves)), bytes(32)]
    with pytest.raises(ProofRefused, match="longer than its path"):
        merkle.verify_inclusion(leaves[index], index, size, proof, naive_root(leaves))


def test_pymerkle_proofs_resolve_to_the_same_roots() -> None:
    entries = entries_of(300)
    tree, leaves = pymerkle_tree(entries), merkle.leaf_hashes(entries)
    for index in range(0, 300, 17):
        theirs = tree.prove_inclusion(index + 1, 300)
        proof = merkle.inclusion_proof(index, 300, reader(leaves))
        assert theirs.compute_root() == tree.get_root(300)
        assert sorted(theirs.path) == sorted([leaves[index], *proof])


# --- Questions without an answer, claims without a proof ------------------------------------------


def test_there_is_no_proof_for_an_entry_the_tree_does_not_have() -> None:
    with pytest.raises(BeyondTree, match="no entry 5 in a tree of 5"):
        merkle.inclusion_proof(5, 5, reader(LEAVES))


def test_there_is_no_proof_that_a_tree_extends_a_larger_one() -> None:
    with pytest.raises(BeyondTree, match="tree of 6 entries is no prefix of one of 5"):
        merkle.consistency_proof(6, 5, reader(LEAVES))


def test_a_log_that_shrinks_is_refused() -> None:
    with pytest.raises(ProofRefused, match="shrank from 6 to 5"):
        merkle.verify_consistency(6, ROOTS[5], 5, ROOTS[4], [])


def test_two_roots_for_one_size_are_a_fork() -> None:
    with pytest.raises(ProofRefused, match="forked"):
        merkle.verify_consistency(5, ROOTS[4], 5, ROOTS[5], [])


def test_growth_without_a_proof_is_refused() -> None:
    with pytest.raises(ProofRefused, match="it is empty"):
        merkle.verify_consistency(4, ROOTS[3], 5, ROOTS[4], [])


def test_growth_from_nothing_needs_the_root_of_nothing() -> None:
    with pytest.raises(ProofRefused, match="SHA-256 of nothing"):
        merkle.verify_consistency(0, ROOTS[0], 5, ROOTS[4], [])


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ProofRefused, match="32 bytes"):
        merkle.verify_inclusion(LEAVES[0], 0, 2, [LEAVES[1][:31]], ROOTS[1])


def test_a_node_can_not_be_passed_off_as_a_leaf() -> None:
    """Second preimage: the concatenated children of a node, as an entry, give another hash."""
    node = LEAVES[0] + LEAVES[1]
    with pytest.raises(ProofRefused, match="not in the tree"):
        merkle.verify_inclusion(merkle.leaf_hash(node), 0, 1, [], ROOTS[1])
