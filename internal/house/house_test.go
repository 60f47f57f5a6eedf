// Package house tests the rules of the repository itself: how packages are named, documented and layered.
//
// CONTRIBUTING.md gives the rules; .golangci.yml checks some of them too, so that
// editors can show violations.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "github.com/cerpac/trailkeeper"
	maxLines = 400
)

// longFiles may exceed maxLines, each for the stated reason.
var longFiles = map[string]string{}

// layer says which imports are forbidden. Paths in "in" and "except" are folders below
// the repository's root, with everything in them.
type layer struct {
	why    string
	in     func(dir string) bool
	forbid []string
}

func below(folders ...string) func(string) bool {
	return func(dir string) bool {
		return slices.ContainsFunc(folders, func(folder string) bool {
			return dir == folder || strings.HasPrefix(dir, folder+"/")
		})
	}
}

func except(folders ...string) func(string) bool {
	in := below(folders...)
	return func(dir string) bool { return !in(dir) }
}

var layers = []layer{
	{
		why: "only a lake.Store touches the files of a lake",
		in:  below("internal/lake", "internal/ingest"),
		forbid: []string{
			"os", "github.com/gofrs/flock", module + "/internal/durable", module + "/internal/folderstore",
		},
	},
	{
		why: "data and languages at the top know nothing of AWS, DuckDB, the terminal or our own machinery",
		in:  except("internal", "cmd", "arn"), // arn reads names as AWS's SDK does
		forbid: []string{
			module + "/internal", module + "/cmd", "github.com/aws", "github.com/duckdb", "github.com/apache/arrow-go",
			"github.com/spf13", "golang.org/x/term",
		},
	},
	{"only the engine named for it speaks to DuckDB", except("internal/duckdb", "internal/bench"), []string{"github.com/duckdb"}},
	{"only the S3 source, the public keys, the status of trails, the sandbox and the trail speak to AWS", except("arn", "internal/publickeys", "internal/trailstatus", "internal/s3archive", "internal/sandbox", "internal/trail"), []string{"github.com/aws"}},
	{"only verbs know the command line", except("cmd"), []string{"github.com/spf13"}},
	{"a record and the key grammar need the standard library only", below("event", "archive", "arn/partition", "catalogue", "finding", "policy", "predicate", "filterpattern"), []string{"github.com", "golang.org"}},
}

// bannedNames say nothing about the content of a folder.
var bannedNames = []string{"util", "utils", "common", "helpers", "helper", "shared", "misc", "types", "constants", "base", "lib"}

// goFile is one parsed Go file; its path is slash separated, below the root.
type goFile struct {
	path  string
	dir   string
	test  bool
	lines int
	fset  *token.FileSet
	*ast.File
}

func (f goFile) at(node ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(node.Pos()).Line)
}

// walk calls visit for every regular file that belongs to the repository.
func walk(t *testing.T, visit func(file string)) {
	t.Helper()
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", ".cache", "bin"}, file) {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() {
			visit(file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	walk(t, func(file string) {
		if path.Ext(file) != ".go" || strings.Contains(file, "testdata/") {
			return
		}
		source, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{
			path: file, dir: path.Dir(file), test: strings.HasSuffix(file, "_test.go"),
			lines: strings.Count(string(source), "\n"), fset: fset, File: parsed,
		})
	})
	if len(files) < 10 {
		t.Fatalf("found only %d Go files", len(files))
	}
	return files
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	docs, hasCode := map[string][]string{}, map[string]bool{}
	for _, file := range goFiles(t) {
		hasCode[file.dir] = hasCode[file.dir] || !file.test
		if file.Doc == nil {
			continue
		}
		docs[file.dir] = append(docs[file.dir], file.path)
		start := "Package " + file.Name.Name + " "
		if file.Name.Name == "main" {
			start = "Command "
		}
		if !strings.HasPrefix(file.Doc.Text(), start) {
			t.Errorf("%s: the package doc does not start with %q", file.path, start)
		}
	}
	for dir := range hasCode {
		if len(docs[dir]) != 1 {
			t.Errorf("%s: %d package docs, want one: %q", dir, len(docs[dir]), docs[dir])
		}
	}
}

func TestFolderNames(t *testing.T) {
	walk(t, func(file string) {
		for folder := range strings.SplitSeq(path.Dir(file), "/") {
			if slices.Contains(bannedNames, folder) {
				t.Errorf("%s: the folder %q is named for nothing in particular", file, folder)
			}
		}
	})
}

func TestImportsGoOneWay(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.test {
			continue
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, layer := range layers {
				ours := imported == module || strings.HasPrefix(imported, module+"/")
				if layer.in(file.dir) && matches(imported, ours, layer.forbid) {
					t.Errorf("%s imports %s: %s", file.at(spec), imported, layer.why)
				}
			}
		}
	}
}

// matches reports whether the imported path is in one of the forbidden ones. Our own
// packages match only paths that name our module.
func matches(imported string, ours bool, forbidden []string) bool {
	return slices.ContainsFunc(forbidden, func(prefix string) bool {
		if ours && !strings.HasPrefix(prefix, module) {
			return false
		}
		return imported == prefix || strings.HasPrefix(imported, prefix+"/")
	})
}

func TestNoHiddenWiring(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, decl := range file.Decls {
			if function, ok := decl.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s: func init is forbidden: wire explicitly", file.at(function))
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, file := range goFiles(t) {
		_, allowed := longFiles[file.path]
		long := file.lines > maxLines
		if long && !file.test && !allowed {
			t.Errorf("%s: %d lines, more than %d; split it by idea", file.path, file.lines, maxLines)
		}
		if allowed && !long {
			t.Errorf("%s: no longer too long; remove it from the list", file.path)
		}
	}
}

// Marks of unfinished work and paths of a developer's machine do not belong in the
// repository. The words are split so that this file passes its own test.
var leftovers = map[string]*regexp.Regexp{
	"unfinished work":     regexp.MustCompile(`\b(` + "TO" + "DO|FIX" + "ME|XX" + "X" + `)\b`),
	"a path of a machine": regexp.MustCompile(`(^|[^\w.~-])/(` + "ho" + "me|ro" + "ot|wo" + "rk|Us" + `ers)/\w`),
}

func TestNothingLeftBehind(t *testing.T) {
	walk(t, func(file string) {
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(text, 0) {
			return // not text
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			for what, pattern := range leftovers {
				if found := pattern.FindString(line); found != "" {
					t.Errorf("%s:%d: %s: %q", file, number, what, found)
				}
			}
		}
	})
}

func TestGoModIsTidy(t *testing.T) {
	cmd := exec.Command("go", "mod", "tidy", "-diff")
	cmd.Dir = "../.."
	output, err := cmd.CombinedOutput()
	if err == nil {
		return
	}
	if regexp.MustCompile(`dial tcp|no such host|module lookup disabled`).Match(output) {
		t.Skipf("SKIPPED REAL SERVICE: go mod tidy needs a module proxy: %s", output)
	}
	t.Errorf("go.mod is not tidy, run go mod tidy: %v\n%s", err, output)
}
