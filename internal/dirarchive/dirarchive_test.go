package dirarchive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
)

func write(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, target, root, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
		t.Fatal(err)
	}
}

func source(t *testing.T, path string) *Source {
	t.Helper()
	s, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func following(t *testing.T, path string) *Source {
	t.Helper()
	s := source(t, path)
	s.FollowSymlinks = true
	return s
}

// said lists an archive as key -> "", the reason of a skip, or the error.
func said(t *testing.T, s *Source, f archive.Filter) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := s.List(context.Background(), f, func(o archive.Object) error {
		if _, twice := got[o.Key]; twice {
			t.Errorf("%s is listed twice", o.Key)
		}
		got[o.Key] = o.Skip
		if o.Err != nil {
			got[o.Key] = o.Err.Error()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSymbolicLinks(t *testing.T) {
	root, other, third := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, root, "logs/a.json", "logs/deep/b.json", ".store/c.json")
	write(t, other, "x/o.json", "x/.hidden/h.json")
	write(t, third, "t.json")
	link(t, "a.json", root, "logs/file.json")
	link(t, "gone.json", root, "logs/dangling.json")
	link(t, "self.json", root, "logs/self.json")
	link(t, root, root, "logs/deep/whole")
	link(t, "..", root, "logs/deep/up")
	link(t, "/", root, "slash")
	link(t, "logs/deep", root, "sibling")
	link(t, ".store", root, "store")
	link(t, other, root, "other")
	link(t, filepath.Join(other, "x"), root, "other2")
	link(t, third, other, "x/third")
	link(t, other, third, "back")
	want := map[string]string{
		".store/":              archive.SkipHidden,
		"logs/a.json":          "",
		"logs/deep/b.json":     "",
		"logs/file.json":       skipFileElsewhere,
		"logs/dangling.json":   `read "logs/dangling.json": no such file or directory`,
		"logs/self.json":       archive.SkipLoop,
		"logs/deep/whole/":     archive.SkipLoop,
		"logs/deep/up/":        archive.SkipLoop,
		"slash/":               archive.SkipLoop,
		"sibling/":             skipElsewhere,
		"store/c.json":         "",
		"other/x/o.json":       "",
		"other/x/.hidden/":     archive.SkipHidden,
		"other/x/third/t.json": "",
		"other/x/third/back/":  skipElsewhere,
		"other2/":              skipElsewhere,
	}
	if diff := cmp.Diff(want, said(t, following(t, root), archive.Filter{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Links between two folders that look like Regions end, though each link tells more
// than the folder it leads to.
func TestLinksBetweenRegions(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	write(t, a, "a.json")
	write(t, b, "b.json")
	link(t, b, a, "us-east-1")
	link(t, a, b, "eu-west-1")
	want := map[string]string{"a.json": "", "us-east-1/b.json": "", "us-east-1/eu-west-1/": skipElsewhere}
	if diff := cmp.Diff(want, said(t, following(t, a), archive.Filter{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinkedArchive(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	const day = "us-east-1/2023/07/10/"
	write(t, outside, day+"x.json")
	write(t, root, "AWSLogs/222222222222/x.json")
	link(t, outside, root, "AWSLogs/123456789012")
	if err := os.Rename(filepath.Join(outside, "us-east-1"), filepath.Join(outside, "r")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(outside, "CloudTrail"), 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, "../r", outside, "CloudTrail/us-east-1")
	f := archive.Filter{Accounts: []string{"123456789012"}, Regions: []string{"us-east-1"}}
	want := map[string]string{
		"AWSLogs/123456789012/CloudTrail/us-east-1/2023/07/10/x.json": "",
		"AWSLogs/123456789012/r/":                                     archive.SkipService,
	}
	if diff := cmp.Diff(want, said(t, following(t, root), f)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	linked := filepath.Join(t.TempDir(), "archive")
	if err := os.Symlink(root, linked); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, said(t, following(t, linked), f)); diff != "" {
		t.Errorf("through a link (-want +got):\n%s", diff)
	}
}

func TestNotFiles(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(root, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link(t, "/dev/null", root, "null.json")
	s := following(t, root)
	want := map[string]string{
		"pipe.json": "not a file but a named pipe",
		"s":         "not a file but a socket",
		"null.json": "not a file but a device",
	}
	if diff := cmp.Diff(want, said(t, s, archive.Filter{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for key := range want {
		if _, err := s.Open(context.Background(), archive.Object{Key: key}); err == nil {
			t.Errorf("open %s: no error", key)
		}
	}
	if _, err := New(filepath.Join(root, "pipe.json")); err == nil {
		t.Error("a named pipe was taken for an archive")
	}
}

func TestNamesThatAreNotText(t *testing.T) {
	root := t.TempDir()
	names := map[string]string{
		"caf\xe9.json":            `caf\xe9.json`,
		`back\slash\x41.json`:     `back\x5cslash\x5cx41.json`,
		"line\nfeed\x1b[31m.json": `line\x0afeed\x1b[31m.json`,
		"right\u202eleft.json":    `right\xe2\x80\xaeleft.json`,
		"d\xff/x.json":            `d\xff/x.json`,
		"größe.json":              "größe.json",
	}
	want := map[string]string{}
	for name, key := range names {
		write(t, root, name)
		want[key] = ""
	}
	s := source(t, root)
	if diff := cmp.Diff(want, said(t, s, archive.Filter{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, key := range names {
		r, err := s.Open(context.Background(), archive.Object{Key: key})
		if err != nil {
			t.Error(err)
			continue
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(data) != name {
			t.Errorf("read %s: %q, %v", key, data, err)
		}
	}
}

func TestUnreadableFolder(t *testing.T) {
	root := t.TempDir()
	const region = "AWSLogs/123456789012/CloudTrail/us-east-1/"
	write(t, root, "a/x.json", "b/x.json", region+"2023/07/10/x.json", region+"2023/07/11/x.json")
	s := source(t, root)
	s.readDir = func(path string) ([]fs.DirEntry, error) {
		if strings.HasSuffix(path, "/a") || strings.HasSuffix(path, "/10") {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
		}
		return os.ReadDir(path)
	}
	want := map[string]string{
		"a/":                         `read "a/": permission denied`,
		"b/x.json":                   "",
		region + "2023/07/10/":       fmt.Sprintf("read %q: permission denied", region+"2023/07/10/"),
		region + "2023/07/11/x.json": "",
	}
	if diff := cmp.Diff(want, said(t, s, archive.Filter{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.readDir = func(string) ([]fs.DirEntry, error) { return nil, fs.ErrPermission }
	err := s.List(context.Background(), archive.Filter{}, func(archive.Object) error { return nil })
	if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), "list ") {
		t.Errorf("list of an unreadable archive: %v", err)
	}
}

// A day is read when its turn comes, and a folder the filter rules out never.
func TestReadsFoldersLazily(t *testing.T) {
	root := t.TempDir()
	for _, account := range []string{"111111111111", "222222222222"} {
		for day := range 9 {
			write(t, root, fmt.Sprintf("AWSLogs/%s/CloudTrail/us-east-1/2023/07/%02d/x.json", account, day+1))
		}
	}
	s := source(t, root)
	var read []string
	s.readDir = func(path string) ([]fs.DirEntry, error) {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, rel)
		return os.ReadDir(path)
	}
	first := errors.New("first")
	err := s.List(context.Background(), archive.Filter{}, func(archive.Object) error { return first })
	if !errors.Is(err, first) || len(read) != 2+2+2+2*4 {
		t.Errorf("%v; before the first file read %d folders: %q", err, len(read), read)
	}

	read = nil
	day := archive.ParseFolder("AWSLogs/222222222222/CloudTrail/us-east-1/2023/07/05")
	said(t, s, archive.Filter{Accounts: []string{day.Account}, Since: day.From, Until: day.To})
	const region = "AWSLogs/222222222222/CloudTrail/us-east-1"
	want := []string{
		".", "AWSLogs", "AWSLogs/222222222222", "AWSLogs/222222222222/CloudTrail",
		region, region + "/2023", region + "/2023/07", region + "/2023/07/05",
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("folders read for one day (-want +got):\n%s", diff)
	}
}

func TestSingleFile(t *testing.T) {
	root := t.TempDir()
	const name = "123456789012_CloudTrail_us-east-1_20230710T1145Z_abc.json"
	write(t, root, name, "_other.json")
	s := source(t, filepath.Join(root, name))
	if diff := cmp.Diff(map[string]string{name: ""}, said(t, s, archive.Filter{Accounts: []string{"123456789012"}})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r, err := s.Open(context.Background(), archive.Object{Key: name})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if s.URI() != filepath.Join(root, name) {
		t.Errorf("URI %q", s.URI())
	}
	hidden := source(t, filepath.Join(root, "_other.json"))
	if diff := cmp.Diff(map[string]string{"_other.json": ""}, said(t, hidden, archive.Filter{})); diff != "" {
		t.Errorf("file asked for by name (-want +got):\n%s", diff)
	}
}

func TestNoArchive(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := New(missing); !errors.Is(err, fs.ErrNotExist) || err.Error() != fmt.Sprintf("open archive %q: no such file or directory", missing) {
		t.Errorf("missing folder: %v", err)
	}
	if _, err := New(""); err == nil {
		t.Error("no error for an empty path")
	}
	s := source(t, t.TempDir())
	for _, key := range []string{"../x", "/etc/hostname", "a/../../x", `\x2e\x2e/x`} {
		if _, err := s.Open(context.Background(), archive.Object{Key: key}); err == nil || !strings.Contains(err.Error(), "is outside the archive") {
			t.Errorf("open %q: %v", key, err)
		}
	}
}

func TestRealFolders(t *testing.T) {
	data := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(data); err != nil {
		t.Skip("SKIPPED REAL DATA: no folder ../shared/data beside the repository")
	}
	for folder, want := range map[string]int{
		"invictus/CloudTrail": 55, "umccr/test_input/AWSLogs/o-abcd": 5, "traildiscover/docs/logExamples": 586,
	} {
		if got := said(t, source(t, filepath.Join(data, folder)), archive.Filter{}); len(got) != want {
			t.Errorf("%s: listed %d files, want %d", folder, len(got), want)
		}
	}
	f := archive.Filter{Regions: []string{"ap-southeast-1"}, Accounts: []string{"811596193553"}}
	if got := said(t, source(t, filepath.Join(data, "umccr/test_input/AWSLogs/o-abcd")), f); len(got) != 1 {
		t.Errorf("one Region of umccr: %v", got)
	}
}

func FuzzEscape(f *testing.F) {
	for _, name := range []string{"a.json", "caf\xe9", `\x41`, "\\", "日本\x00", "\ufffd"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := archive.EscapeName(name)
		if back := archive.UnescapeName(key); back != name {
			t.Errorf("archive.EscapeName(%q) = %q, and back %q", name, key, back)
		}
		if !utf8.ValidString(key) {
			t.Errorf("archive.EscapeName(%q) = %q is not UTF-8", name, key)
		}
		if strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("archive.EscapeName(%q) = %q cannot be shown", name, key)
		}
	})
}
