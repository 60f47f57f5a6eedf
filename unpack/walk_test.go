package unpack

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// packing is a way to pack one text. An archive gives it the name "m".
type packing struct {
	name    string
	pack    func(t testing.TB, text string) string
	archive bool
}

func packings() []packing {
	return []packing{
		{"gzip", gzipOf, false},
		{"zstd", zstdOf, false},
		{"xz", xzOf, false},
		{"bzip2", bzip2Of, false},
		{"tar", func(t testing.TB, text string) string { return tarOf(t, file{"m", text}) }, true},
		{"zip", func(t testing.TB, text string) string { return zipOf(t, file{"m", text}) }, true},
		{"zip, stored", func(t testing.TB, text string) string { return zipBy(t, zip.Store, file{"m", text}) }, true},
	}
}

// What is packed in one form, two or three comes out as it went in.
func TestEveryNesting(t *testing.T) {
	check := func(name, packed string, archives int) {
		member := strings.TrimSuffix(strings.Repeat("m!", archives), "!")
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(packed), 0o600); err != nil {
			t.Fatal(err)
		}
		onDisk, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer onDisk.Close()
		for how, src := range map[string]io.Reader{"at once": strings.NewReader(packed), "by halves": iotest.HalfReader(strings.NewReader(packed)), "file": onDisk} {
			if got, err := texts(t, src); err != nil || len(got) != 1 || got[member] != sample {
				t.Errorf("%s, %s: %q, %v", name, how, got, err)
			}
		}
	}
	for _, inner := range packings() {
		packed := inner.pack(t, sample)
		one := b2i(inner.archive)
		check(inner.name, packed, one)
		for _, outer := range packings() {
			if outer.name == "bzip2" {
				continue
			}
			twice := outer.pack(t, packed)
			check(inner.name+" in "+outer.name, twice, one+b2i(outer.archive))
			check(inner.name+" in "+outer.name+" in gzip", gzipOf(t, twice), one+b2i(outer.archive))
			check(inner.name+" in "+outer.name+" in zip", zipOf(t, file{"m", twice}), one+b2i(outer.archive)+1)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestMembers(t *testing.T) {
	files := []file{{"a.json", "A"}, {"b/c.json", "C"}, {"./d.json.gz", gzipOf(t, "D")}, {"e.tar", tarOf(t, file{"f", "F"}, file{"g", "G"})}, {"bad\x1b[31m\xff\u202e.json", "H"}, {"../../up", "U"}}
	want := map[string]string{"a.json": "A", "b/c.json": "C", "d.json.gz": "D", "e.tar!f": "F", "e.tar!g": "G", `bad\x1b[31m\xff\xe2\x80\xae.json`: "H", "../../up": "U"}
	for name, packed := range map[string]string{"tar": tarOf(t, files...), "zip": zipOf(t, files...), "two tars": tarOf(t, files[:3]...) + tarOf(t, files[3:]...)} {
		got, err := texts(t, strings.NewReader(packed))
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// Pieces of a compression one behind the other are one stream.
func TestConcatenated(t *testing.T) {
	for _, p := range packings() {
		if p.archive {
			continue
		}
		packed := p.pack(t, sample)
		if got, err := texts(t, strings.NewReader(packed+packed)); err != nil || got[""] != sample+sample {
			t.Errorf("%s: %q, %v", p.name, got, err)
		}
	}
	if got, err := texts(t, strings.NewReader(xzOf(t, sample)+"\x00\x00\x00\x00"+xzOf(t, sample))); err != nil || got[""] != sample+sample {
		t.Errorf("xz with padding: %q, %v", got, err)
	}
}

// Wherever a file is cut, the walk ends with a fault, and what came out before
// it is a beginning of the text.
func TestCutAnywhere(t *testing.T) {
	long := sample
	for i := range 30 {
		long += fmt.Sprintf("%d %x\n", i, i*i*7919)
	}
	for _, p := range packings() {
		text := long
		if p.name == "bzip2" {
			text = sample
		}
		packed := p.pack(t, text)
		begin, end := 8, len(packed)
		if p.name == "tar" {
			begin = tarBlock // less is not known for a tar
			end -= tarBlock  // the second block of zeros at its end is for padding
		}
		for cut := begin; cut < end; cut++ {
			got, err := texts(t, strings.NewReader(packed[:cut]))
			var fault *FaultError
			if !errors.As(err, &fault) || fault.Err != nil || !strings.HasPrefix(fault.Cause, "truncated ") {
				t.Fatalf("%s cut at %d of %d: %q, %v, want a fault", p.name, cut, len(packed), got, err)
			}
			for member, part := range got {
				if !strings.HasPrefix(text, part) {
					t.Fatalf("%s cut at %d: %s is %q", p.name, cut, member, part)
				}
			}
		}
	}
}

// Whichever byte is changed, text that comes out without a fault is the text.
func TestFlippedAnywhere(t *testing.T) {
	for _, p := range packings() {
		if p.name == "tar" || p.name == "zstd" {
			continue // tar has no checksum of contents, nor have zstd's small frames of this writer
		}
		packed := p.pack(t, sample)
		for i := range len(packed) {
			flipped := []byte(packed)
			flipped[i] ^= 0x10
			got, err := texts(t, strings.NewReader(string(flipped)))
			for member, text := range got {
				if err == nil && text != sample && text != string(flipped) && member != "" {
					t.Errorf("%s with byte %d flipped: %s is %q", p.name, i, member, text)
				}
			}
		}
	}
}

func TestVisitorEndsWalk(t *testing.T) {
	stop := errors.New("stop")
	for _, p := range packings() {
		var w Walker
		if err := w.Walk(context.Background(), strings.NewReader(p.pack(t, sample)), func(string, io.Reader) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	for _, p := range packings() {
		ctx, cancel := context.WithCancel(context.Background())
		var w Walker
		var got []string
		err := w.Walk(ctx, strings.NewReader(p.pack(t, sample)), func(member string, text io.Reader) error {
			cancel()
			_, err := io.ReadAll(text)
			got = append(got, fmt.Sprint(errors.Is(err, context.Canceled)))
			return nil
		})
		if !slices.Equal(got, []string{"true"}) || p.name == "tar" && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %q, %v", p.name, got, err)
		}
	}
}
