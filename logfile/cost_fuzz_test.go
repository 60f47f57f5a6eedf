package logfile

import (
	"io"
	"maps"
	"slices"
	"testing"
)

// The budget of any file: some bytes to begin with, and a multiple of its length.
const (
	freeWork      = 64 << 10
	workPerByte   = 12
	freeMemory    = 4 << 20
	memoryPerByte = 64
)

// FuzzCost checks that no file costs more than the budget of its length, in bytes
// decoded and in bytes allocated, whatever the sizes it is read by. The shapes of
// TestCostGrowsWithSize are its seeds.
func FuzzCost(f *testing.F) {
	shapes := hostile(2 << 10)
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		f.Add(shapes[name])
	}
	for _, form := range formFiles(f) {
		f.Add(form.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, source := range []func(io.Reader) io.Reader{
			func(src io.Reader) io.Reader { return src },
			func(src io.Reader) io.Reader { return &smallReads{src} },
		} {
			work, allocated := cost(t, text, source)
			if n := int64(len(text)); work > freeWork+workPerByte*n || allocated > freeMemory+memoryPerByte*n {
				t.Errorf("%d bytes cost %d decoded and %d allocated", n, work, allocated)
			}
		}
	})
}
