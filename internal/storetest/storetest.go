// Package storetest tests implementations of lake.Store.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// Run tests stores. Each call of empty returns a function that opens one empty
// store, each time as another process would.
func Run(t *testing.T, empty func(t *testing.T) (open func() lake.Store)) {
	for _, test := range []struct {
		name string
		run  func(s suite)
	}{
		{"files are whole or absent", suite.puts},
		{"a file that is open keeps its content", suite.openFiles},
		{"what is not there", suite.absent},
		{"names that are none", suite.badNames},
		{"list", suite.list},
		{"missing", suite.missing},
		{"link", suite.link},
		{"remove", suite.remove},
		{"swap", suite.swap},
		{"swaps at once", suite.swapsAtOnce},
		{"lock", suite.lock},
		{"readers", suite.readers},
		{"puts and removals at once", suite.atOnce},
		{"cancelled", suite.cancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := empty(t)
			test.run(suite{T: t, Store: open(), open: open})
		})
	}
}

// suite is the test of one store.
type suite struct {
	*testing.T
	lake.Store
	open func() lake.Store
}

func (s suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s suite) put(name, text string) {
	s.Helper()
	s.check(s.Put(s.Context(), name, halves(text)))
}

// halves writes a text in two pieces.
func halves(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text[:len(text)/2])
		if err == nil {
			_, err = io.WriteString(w, text[len(text)/2:])
		}
		return err
	}
}

// want fails the test unless a file has this content, read as a whole and from
// each offset.
func (s suite) want(name, text string) {
	s.Helper()
	f, err := s.Open(s.Context(), name)
	s.check(err)
	defer f.Close()
	s.reads(f, text)
	if f.ModTime().IsZero() {
		s.Errorf("%s has no time", name)
	}
}

func (s suite) reads(f lake.File, text string) {
	s.Helper()
	if f.Size() != int64(len(text)) {
		s.Errorf("%d bytes, want %d", f.Size(), len(text))
	}
	for i := range len(text) + 1 {
		buffer := make([]byte, len(text)+1)
		n, err := f.ReadAt(buffer, int64(i))
		if string(buffer[:n]) != text[i:] || !errors.Is(err, io.EOF) {
			s.Fatalf("from %d: %q, %v, want %q", i, buffer[:n], err, text[i:])
		}
		half := make([]byte, (len(text)-i)/2)
		if n, err := f.ReadAt(half, int64(i)); n != len(half) || err != nil && !errors.Is(err, io.EOF) || string(half) != text[i:i+n] {
			s.Fatalf("%d bytes from %d: %q, %v", len(half), i, half[:n], err)
		}
	}
}

// wantNames fails the test unless these files, and no unfinished ones, begin
// with prefix.
func (s suite) wantNames(prefix string, names ...string) {
	s.Helper()
	got, err := s.List(s.Context(), prefix)
	s.check(err)
	if diff := cmp.Diff(names, append([]string(nil), got...)); diff != "" {
		s.Errorf("names that begin with %q (-want +got)\n%s", prefix, diff)
	}
}

func (s suite) puts() {
	s.put("file", "text")
	s.put("a/b/c", "")
	s.put("a/b/d", strings.Repeat("long", 1000))
	s.put("file", "another text")
	s.want("file", "another text")
	s.want("a/b/c", "")
	s.want("a/b/d", strings.Repeat("long", 1000))
	failed := errors.New("failed")
	for _, name := range []string{"file", "none", "x/y"} {
		err := s.Put(s.Context(), name, func(w io.Writer) error {
			_, err := io.WriteString(w, "half")
			return errors.Join(err, failed)
		})
		if !errors.Is(err, failed) {
			s.Errorf("%s: %v, want the error of the writer", name, err)
		}
	}
	s.want("file", "another text")
	s.check(s.Flush(s.Context()))
	s.check(s.Flush(s.Context()))
	s.wantNames("", "a/b/c", "a/b/d", "file")
	s.Store = s.open()
	s.want("file", "another text")
	s.wantNames("", "a/b/c", "a/b/d", "file")
}

func (s suite) openFiles() {
	s.put("file", "old text")
	f, err := s.Open(s.Context(), "file")
	s.check(err)
	defer f.Close()
	s.put("file", "new")
	s.reads(f, "old text")
	s.want("file", "new")
}

func (s suite) absent() {
	for _, name := range []string{"none", "a/b/none"} {
		_, err := s.Open(s.Context(), name)
		s.notExist(err)
		_, _, err = s.Load(s.Context(), name)
		s.notExist(err)
		s.notExist(s.Link(s.Context(), name, "to"))
	}
	s.wantNames("")
	s.wantNames("a/")
}

func (s suite) notExist(err error) {
	s.Helper()
	if !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("%v, want fs.ErrNotExist", err)
	}
}

func (s suite) badNames() {
	for _, name := range []string{"", ".", "..", "../up", "a/../../up", "/top", "a//b", "a/"} {
		for did, err := range map[string]error{
			"put":  s.Put(s.Context(), name, halves("text")),
			"link": s.Link(s.Context(), "file", name),
			"swap": second(s.Swap(s.Context(), name, "", []byte("text"))),
			"open": second(s.Open(s.Context(), name)),
		} {
			if err == nil {
				s.Errorf("%s %q went through", did, name)
			}
		}
		if _, err := s.Remove(s.Context(), "", []string{name}); err == nil {
			s.Errorf("remove %q went through", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func (s suite) list() {
	names := []string{"a/b", "a/b-c", "a0", "a1/x", "odd [*?] name", "y=1/m=2/p", "y=1/m=3/p", "z"}
	for _, name := range names {
		s.put(name, name)
	}
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b-", "a1", "y=", "y=1", "y=1/", "y=1/m=3", "y=1/m=3/p", "odd [*", "none", "none/", "z/"} {
		var want []string
		for _, name := range names {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		s.wantNames(prefix, want...)
	}
}

func (s suite) missing() {
	s.put("a/b", "text")
	s.put("c", "text")
	got, err := s.Missing(s.Context(), []string{"none", "c", "a/b", "a/none", "other/none"})
	s.check(err)
	if want := []string{"none", "a/none", "other/none"}; !slices.Equal(got, want) {
		s.Errorf("missing %q, want %q", got, want)
	}
	if got, err = s.Missing(s.Context(), nil); len(got) > 0 || err != nil {
		s.Errorf("of no names %q are missing, %v", got, err)
	}
}

func (s suite) link() {
	s.put("from/file", "text")
	s.check(s.Link(s.Context(), "from/file", "to/deep/file"))
	s.want("to/deep/file", "text")
	s.check(s.Link(s.Context(), "from/file", "to/deep/file")) // from may be gone
	s.want("to/deep/file", "text")
	s.put("from/other", "other")
	s.check(s.Link(s.Context(), "from/other", "to/deep/file")) // which is there
	s.want("to/deep/file", "text")
	s.check(s.Flush(s.Context()))
	_, err := s.Remove(s.Context(), "", []string{"from/file", "from/other"})
	s.check(err)
	s.want("to/deep/file", "text")
	s.wantNames("", "to/deep/file")
}

func (s suite) remove() {
	for _, name := range []string{"a/b/c", "a/d", "e"} {
		s.put(name, name)
	}
	ok, err := s.Remove(s.Context(), "", []string{"a/b/c", "none", "a/none/none", "e"})
	if !ok || err != nil {
		s.Fatal(ok, err)
	}
	s.wantNames("", "a/d")
	s.check(s.Flush(s.Context()))
	s.put("a/b/c", "again")
	s.want("a/b/c", "again")
}

func (s suite) swap() {
	if _, err := s.Swap(s.Context(), "dir/file", "version", []byte("text")); err == nil {
		s.Error("a file that was not there was replaced")
	}
	s.wantNames("")
	version, err := s.Swap(s.Context(), "dir/file", "", []byte("text"))
	s.check(err)
	s.want("dir/file", "text")
	if _, err := s.Swap(s.Context(), "dir/file", "", []byte("another")); err == nil {
		s.Error("a file was made that was there")
	}
	other := s.open()
	data, loaded, err := other.Load(s.Context(), "dir/file")
	if string(data) != "text" || loaded != version || version == "" || err != nil {
		s.Fatalf("loaded %q, version %q, %v, want version %q", data, loaded, err, version)
	}
	next, err := other.Swap(s.Context(), "dir/file", loaded, []byte("next"))
	s.check(err)
	if next == version {
		s.Error("another content has the same version")
	}
	if _, err := s.Swap(s.Context(), "dir/file", version, []byte("late")); err == nil {
		s.Error("a swap went through although the file had changed")
	}
	s.want("dir/file", "next")
}

// swapsAtOnce adds to a number from several goroutines: no addition is lost.
func (s suite) swapsAtOnce() {
	const workers, each = 4, 8
	_, err := s.Swap(s.Context(), "number", "", []byte{0})
	s.check(err)
	s.together(workers, func(int) error {
		for added := 0; added < each; {
			data, version, err := s.Load(s.Context(), "number")
			if err != nil {
				return err
			}
			if _, err := s.Swap(s.Context(), "number", version, []byte{data[0] + 1}); err == nil {
				added++
			}
		}
		return nil
	})
	s.want("number", string([]byte{workers * each}))
}

func (s suite) together(workers int, do func(worker int) error) {
	s.Helper()
	errs := make(chan error, workers)
	for i := range workers {
		go func() { errs <- do(i) }()
	}
	for range workers {
		if err := <-errs; err != nil {
			s.Error(err)
		}
	}
}

func (s suite) lock() {
	unlock, ok, err := s.Lock(s.Context(), "state/lock")
	if !ok || err != nil {
		s.Fatal(ok, err)
	}
	other := s.open()
	if _, ok, err := other.Lock(s.Context(), "state/lock"); ok || err != nil {
		s.Fatalf("locked twice: %v, %v", ok, err)
	}
	s.check(unlock())
	unlock, ok, err = other.Lock(s.Context(), "state/lock")
	if !ok || err != nil {
		s.Fatalf("not unlocked: %v, %v", ok, err)
	}
	s.check(unlock())
}

func (s suite) readers() {
	s.check(s.Share(s.Context(), "none")()) // although there is nothing
	s.wantNames("")
	s.put("readers", "")
	s.put("file", "text")
	other := s.open()
	first, second := other.Share(s.Context(), "readers"), s.open().Share(s.Context(), "readers")
	for _, done := range []func() error{first, second} {
		if ok, err := s.Remove(s.Context(), "readers", []string{"file"}); ok || err != nil {
			s.Errorf("removed beside a reader: %v, %v", ok, err)
		}
		s.want("file", "text")
		s.check(done())
	}
	if ok, err := s.Remove(s.Context(), "readers", []string{"file"}); !ok || err != nil {
		s.Errorf("not removed without a reader: %v, %v", ok, err)
	}
	s.wantNames("", "readers")
	s.check(other.Share(s.Context(), "readers")()) // does not wait
}

// atOnce puts and removes files beside each other, in folders that become empty.
func (s suite) atOnce() {
	const workers, rounds = 4, 25
	s.together(workers, func(worker int) error {
		for round := range rounds {
			name := fmt.Sprintf("a/b/file-%d", worker)
			if err := s.Put(s.Context(), name, halves(name)); err != nil {
				return err
			}
			if round%5 == 0 {
				if err := s.Flush(s.Context()); err != nil {
					return err
				}
			}
			if absent, err := s.Missing(s.Context(), []string{name}); len(absent) > 0 || err != nil {
				return fmt.Errorf("missing %q: %w", absent, err)
			}
			if _, err := s.Remove(s.Context(), "", []string{name}); err != nil {
				return err
			}
		}
		return nil
	})
	s.wantNames("")
}

func (s suite) cancelled() {
	s.put("file", "text")
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.Put(ctx, "other", halves("text")); err == nil {
		s.Error("put a file")
	}
	if _, err := s.Remove(ctx, "", []string{"file"}); err == nil {
		s.Error("removed a file")
	}
	if _, err := s.List(ctx, ""); err == nil {
		s.Error("listed files")
	}
	s.wantNames("", "file")
}
