package catalogue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/catalogue"
)

// thing is an entry with a description and a text.
type thing struct {
	ID     string            `json:"-"`
	Text   string            `json:"-"`
	Source string            `json:"-"`
	Title  string            `json:"title"`
	Count  int               `json:"count,omitempty"`
	Parts  []part            `json:"parts,omitempty"`
	Named  map[string]part   `json:"named,omitempty"`
	Maybe  *part             `json:"maybe,omitempty"`
	Words  map[string]string `json:"words,omitempty"`
}

type part struct {
	Name string `json:"name"`
}

func things() catalogue.Kind[thing] {
	return catalogue.Kind[thing]{
		Noun: "thing", Files: []string{"thing.json", "text.txt"}, Optional: []string{"more.txt"},
		Read: func(e *catalogue.Entry) (thing, error) {
			v := thing{ID: e.ID, Text: e.Text("text.txt"), Source: e.Source()}
			if err := e.JSON("thing.json", &v); err != nil {
				return v, err
			}
			if at := strings.Index(v.Text, "bad"); at >= 0 {
				return v, e.At("text.txt", at, errors.New("bad word"))
			}
			if v.Title == "" {
				return v, errors.New("no title")
			}
			return v, nil
		},
	}
}

// source is made of pairs of file and text.
func source(name string, files ...string) catalogue.Source {
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return catalogue.Source{Name: name, FS: m}
}

func TestLoad(t *testing.T) {
	list, err := catalogue.Load(things(),
		source("", "b/thing.json", `{"title":"B","words":{"x":"1","X":"2"}}`, "b/text.txt", "b", "a/thing.json", `{"title":"A"}`, "a/text.txt", "a"),
		source("mine", "0/thing.json", "\ufeff{\"title\":\"Zero\",\"named\":{\"k\":{\"name\":\"n\"}}}\n", "0/text.txt", "", "0/more.txt", "m",
			".git/HEAD", "x", "0/.DS_Store", "x", "README.md", "x"),
		source("empty"),
	)
	want := []thing{
		{ID: "a", Title: "A", Text: "a"},
		{ID: "b", Title: "B", Text: "b", Words: map[string]string{"x": "1", "X": "2"}},
		{ID: "0", Title: "Zero", Source: "mine", Named: map[string]part{"k": {"n"}}},
	}
	if diff := cmp.Diff(want, list); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestProblems(t *testing.T) {
	const good = `{"title":"T"}`
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"no folder of its own": {[]string{"stray.json", "{}"}, `mine/stray.json: not a folder: each entry is a folder of its own`},
		"id": {[]string{"Upper/thing.json", good, "Upper/text.txt", ""},
			`mine/Upper: the id "Upper" is not small letters and digits with single hyphens between them, 100 characters at most`},
		"unknown file":         {[]string{"a/thing.json", good, "a/text.txt", "", "a/txt.text", ""}, `mine/a/txt.text: unknown file; a folder here holds thing.json, text.txt, more.txt`},
		"missing file":         {[]string{"a/thing.json", good}, `mine/a/text.txt: the file is missing`},
		"syntax":               {[]string{"a/thing.json", "{\n  \"title\": \"é\" \"x\"}", "a/text.txt", ""}, `mine/a/thing.json:2:16: invalid character '"' after object key:value pair`},
		"cut":                  {[]string{"a/thing.json", `{"title":"T"`, "a/text.txt", ""}, `mine/a/thing.json:1:13: the text ends inside a value`},
		"empty":                {[]string{"a/thing.json", "", "a/text.txt", ""}, `mine/a/thing.json:1:1: the text ends inside a value`},
		"array":                {[]string{"a/thing.json", "\n[]", "a/text.txt", ""}, `mine/a/thing.json:2:1: not a JSON object`},
		"null":                 {[]string{"a/thing.json", "null", "a/text.txt", ""}, `mine/a/thing.json:1:1: not a JSON object`},
		"more":                 {[]string{"a/thing.json", good + "\n{}", "a/text.txt", ""}, `mine/a/thing.json:2:1: more text after the object`},
		"unknown member":       {[]string{"a/thing.json", "{\"title\":\"T\",\n\t\"parts\":[{\"nam\":\"x\"}]}", "a/text.txt", ""}, `mine/a/thing.json:2:12: unknown member "nam"`},
		"unknown, deep":        {[]string{"a/thing.json", `{"title":"T","named":{"k":{"x":1}}}`, "a/text.txt", ""}, `mine/a/thing.json:1:28: unknown member "x"`},
		"unknown in a pointer": {[]string{"a/thing.json", `{"title":"T","maybe":{"x":1}}`, "a/text.txt", ""}, `mine/a/thing.json:1:23: unknown member "x"`},
		"case":                 {[]string{"a/thing.json", `{"Title":"T"}`, "a/text.txt", ""}, `mine/a/thing.json:1:2: unknown member "Title"`},
		"twice":                {[]string{"a/thing.json", `{"title":"T", "\u0074itle":"U"}`, "a/text.txt", ""}, `mine/a/thing.json:1:15: the member "title" is there twice`},
		"twice in":             {[]string{"a/thing.json", `{"title":"T","words":{"k":"1","k":"2"}}`, "a/text.txt", ""}, `mine/a/thing.json:1:31: the member "k" is there twice`},
		"type":                 {[]string{"a/thing.json", "{\"title\":\"T\",\n\"count\":\"7\"}", "a/text.txt", ""}, `mine/a/thing.json:2:11: count is a string, not a whole number`},
		"own":                  {[]string{"a/thing.json", `{"title":""}`, "a/text.txt", ""}, `mine/a: no title`},
		"own, at":              {[]string{"a/thing.json", good, "a/text.txt", "ok\nööbad"}, `mine/a/text.txt:2:3: bad word`},
		"encoding":             {[]string{"a/thing.json", good, "a/text.txt", "ok\na\xff"}, `mine/a/text.txt:2:2: not valid UTF-8`},
		"long":                 {[]string{"a/thing.json", good, "a/text.txt", strings.Repeat("x", catalogue.MaxFile+1)}, `mine/a/text.txt: longer than 1048576 bytes`},
		"deep":                 {[]string{"a/thing.json", `{"words":` + strings.Repeat("[", 200), "a/text.txt", ""}, `mine/a/thing.json:1:110: nested deeper than 100`},
		"two at once": {[]string{"a/text.txt", "", "b/thing.json", good},
			"mine/a/thing.json: the file is missing\nmine/b/text.txt: the file is missing"},
	} {
		list, err := catalogue.Load(things(), source("mine", test.files...))
		if want := "read thing catalogue: " + test.want; err == nil || err.Error() != want || list != nil {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
		if _, located := errors.AsType[*catalogue.Error](err); !located {
			t.Errorf("%s: no *Error in %v", name, err)
		}
	}
}

func TestIdsAreUnique(t *testing.T) {
	a := []string{"a/thing.json", `{"title":"A"}`, "a/text.txt", ""}
	_, err := catalogue.Load(things(), source("", a...), source("mine", a...))
	if err == nil || err.Error() != `read thing catalogue: mine/a: the id "a" is taken by a built-in thing` {
		t.Error(err)
	}
	_, err = catalogue.Load(things(), source("x", a...), source("y", a...))
	if err == nil || err.Error() != `read thing catalogue: y/a: the id "a" is taken by another thing in "x"` {
		t.Error(err)
	}
}

func TestManyProblems(t *testing.T) {
	var files []string
	for i := range 30 {
		files = append(files, fmt.Sprintf("e%02d/thing.json", i), `{}`)
	}
	_, err := catalogue.Load(things(), source("mine", files...))
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 21 || lines[20] != "and 10 more problems" {
		t.Errorf("%d lines: %v", len(lines), err)
	}
}

// Folders of users hold what file systems hold.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("mine/a/thing.json", `{"title":"A"}`)
	write("mine/a/text.txt", "t")
	write("elsewhere/thing.json", `{"title":"B"}`)
	write("elsewhere/text.txt", "t")
	mine := filepath.Join(dir, "mine")
	if err := os.Symlink("../elsewhere", filepath.Join(mine, "b")); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	list, err := catalogue.Load(things(), catalogue.Folder(mine))
	if err != nil || len(list) != 2 || list[1].Title != "B" || list[0].Source != mine {
		t.Errorf("%+v, %v", list, err)
	}
	if err := errors.Join(os.Symlink("nowhere", filepath.Join(mine, "c")), os.Remove(filepath.Join(mine, "a/text.txt")), syscall.Mkfifo(filepath.Join(mine, "a/text.txt"), 0o600)); err != nil {
		t.Skip(err)
	}
	_, err = catalogue.Load(things(), catalogue.Folder(mine), catalogue.Folder(filepath.Join(dir, "nope")))
	want := fmt.Sprintf("read thing catalogue: %s/c: no such file or directory\n%[1]s/a/text.txt: not a regular file\n%s/nope: no such file or directory", mine, dir)
	if err == nil || err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// What random descriptions hold comes back, wherever the entries are.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var want []thing
		sources := []catalogue.Source{source(""), source("one"), source("two")}
		for i := range random.IntN(20) {
			v := thing{
				ID: fmt.Sprintf("e-%d", i), Text: strings.Repeat("é\n", random.IntN(5)), Title: fmt.Sprintf("t%c\"\\", rune(random.IntN(0x300)+0x20)),
				Count: random.IntN(9), Source: sources[random.IntN(3)].Name,
			}
			for range random.IntN(3) {
				v.Parts = append(v.Parts, part{fmt.Sprint(random.Int())})
			}
			text, err := json.MarshalIndent(v, "", strings.Repeat(" ", random.IntN(3)))
			if err != nil {
				t.Fatal(err)
			}
			files := sources[slices.Index([]string{"", "one", "two"}, v.Source)].FS.(fstest.MapFS)
			files[v.ID+"/thing.json"] = &fstest.MapFile{Data: text}
			files[v.ID+"/text.txt"] = &fstest.MapFile{Data: []byte(v.Text)}
			want = append(want, v)
		}
		place := func(v thing) int { return slices.Index([]string{"", "one", "two"}, v.Source) }
		slices.SortFunc(want, func(a, b thing) int {
			if n := place(a) - place(b); n != 0 {
				return n
			}
			return strings.Compare(a.ID, b.ID)
		})
		got, err := catalogue.Load(things(), sources...)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("seed %d: %v (-want +got)\n%s", seed, err, diff)
		}
	}
}

// What is accepted is what encoding/json accepts, with every member known and there
// once; positions are inside of the text.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"title":"a","parts":[{"name":"b"}],"count":1}`, `{"title":"a"`, `[1]`, `{"a":1}`, "{\"title\":\n{}}", `{"named":{"x":null}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := catalogue.Load(things(), source("", "a/thing.json", text, "a/text.txt", ""))
		var v thing
		plain := json.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &v)
		if err == nil && plain != nil {
			t.Errorf("takes %q, which encoding/json refuses: %v", text, plain)
		}
		if problem, ok := errors.AsType[*catalogue.Error](err); ok && problem.Line > 1+strings.Count(text, "\n") {
			t.Errorf("line %d of %q", problem.Line, text)
		}
	})
}
