package anchor

import (
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// The steps of each head lead to the root, for logs of every small size.
func TestInclusion(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "log"))
	for size := 1; size <= 20; size++ {
		add(t, l, size)
		for n := 1; n <= size; n++ {
			line, steps, ok := l.Inclusion("logs", head(n).Object)
			if !ok || line != n {
				t.Fatalf("head %d of %d: line %d, %t", n, size, line, ok)
			}
			node := l.tree.leaves[n-1]
			for _, s := range steps {
				if s.Left {
					node = tlog.NodeHash(s.Hash, node)
				} else {
					node = tlog.NodeHash(node, s.Hash)
				}
			}
			if node != l.Checkpoint().Root {
				t.Errorf("head %d of %d: another root", n, size)
			}
		}
	}
	if _, _, ok := l.Inclusion("logs", "other"); ok {
		t.Error("a head that is not in the log has a proof")
	}
}
