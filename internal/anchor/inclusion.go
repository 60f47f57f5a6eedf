package anchor

import "golang.org/x/mod/sumdb/tlog"

// Step is a node beside the way from a leaf of the tree to its root.
type Step struct {
	Left bool // it is the left one of the two
	Hash tlog.Hash
}

// Inclusion returns what proves that the log's root covers the head of a digest: the
// number of its line, from 1, and the steps from its leaf up. ok is false if the log
// does not have it.
func (l *Log) Inclusion(bucket, object string) (line int, steps []Step, ok bool) {
	k := l.heads[id(bucket, object)]
	if k == nil {
		return 0, nil, false
	}
	return k.line, way(l.tree.leaves, k.line-1), true
}

// way returns the steps from leaf i to the root of leaves.
func way(leaves []tlog.Hash, i int) []Step {
	if len(leaves) == 1 {
		return nil
	}
	left := 1
	for left*2 < len(leaves) {
		left *= 2
	}
	if i < left {
		return append(way(leaves[:left], i), Step{false, fold(leaves[left:])})
	}
	return append(way(leaves[left:], i-left), Step{true, fold(leaves[:left])})
}
