package folderstore

import (
	"fmt"
	"path/filepath"
	"testing"
)

// The folders of many files are synced once each, those above them too.
func TestFoldersOfManyFiles(t *testing.T) {
	top := filepath.Join("a", "store")
	for _, days := range []int{100, 200} {
		f := folders{}
		for n := range days {
			month, day := n/28, n%28
			f.add(filepath.Join(top, "year", fmt.Sprint(month), fmt.Sprint(day)), top+"/")
		}
		if months := days/28 + 1; len(f) != days+months+2 || !f[top] || f["a"] {
			t.Errorf("%d days have %d folders", days, len(f))
		}
	}
}
