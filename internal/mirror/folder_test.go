package mirror

import (
	"fmt"
	"hash/maphash"
	"sync"
	"testing"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

// Attributes that several workers add to a folder are all kept, even when the
// folder is dropped from memory in between.
func TestNotesAtOnce(t *testing.T) {
	c := &copier{opts: Options{Dir: t.TempDir()}, seed: maphash.MakeSeed(), folders: map[string]*folder{}}
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			f := c.folder(".")
			c.mu.Lock()
			c.folders = map[string]*folder{}
			c.mu.Unlock()
			if err := f.note(dirarchive.Attributes{Name: fmt.Sprint("object ", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	kept, err := dirarchive.ReadAttributes(c.opts.Dir)
	if err != nil || len(kept) != 200 {
		t.Errorf("%d of 200 are kept (%v)", len(kept), err)
	}
}
