package anchor

import "golang.org/x/mod/sumdb/tlog"

// tree is a Merkle tree of RFC 6962 in memory.
type tree struct{ leaves []tlog.Hash }

func (t *tree) add(leaf tlog.Hash) { t.leaves = append(t.leaves, leaf) }

// root returns the root of the first n leaves; ok is false if there are fewer.
func (t *tree) root(n int64) (root tlog.Hash, ok bool) {
	if n < 0 || n > int64(len(t.leaves)) {
		return tlog.Hash{}, false
	}
	if n == 0 {
		root, err := tlog.TreeHash(0, nil) // of the empty string
		return root, err == nil
	}
	return fold(t.leaves[:n]), true
}

// fold returns the root of leaves: the left part is the largest power of two that
// is smaller than their number.
func fold(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	left := 1
	for left*2 < len(leaves) {
		left *= 2
	}
	return tlog.NodeHash(fold(leaves[:left]), fold(leaves[left:]))
}
