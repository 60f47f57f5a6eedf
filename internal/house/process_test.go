package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// processState are the functions that change or use what the whole process has
// one of, by package. "*" is all of a package.
var processState = map[string][]string{
	"log":           {"*"},
	"log/slog":      {"SetDefault", "SetLogLoggerLevel", "Default", "Debug", "Info", "Warn", "Error", "Log", "LogAttrs"},
	"os":            {"Setenv", "Unsetenv", "Clearenv", "Chdir", "Exit", "Stdin", "Stdout", "Stderr", "Args"},
	"os/signal":     {"*"},
	"runtime/debug": {"SetGCPercent", "SetMemoryLimit", "SetMaxStack", "SetMaxThreads", "SetPanicOnFault", "SetTraceback", "SetCrashOutput"},
	"syscall":       {"Umask", "Setenv", "Unsetenv", "Chdir", "Exit", "Setrlimit", "Setuid", "Setgid"},
	"flag":          {"Parse", "CommandLine"},
}

// ownsProcess reports whether code may do so: a command, what verbs share, and
// what runs in tests only.
func ownsProcess(file goFile) bool {
	name := file.Name.Name
	return file.test || name == "main" || strings.HasSuffix(name, "test") || below("internal/cli")(file.dir)
}

// Libraries do not own the process. Two users of one in a process would disturb
// each other.
func TestLibrariesLeaveTheProcessAlone(t *testing.T) {
	looked := 0
	for _, file := range goFiles(t) {
		if ownsProcess(file) {
			continue
		}
		looked++
		for _, use := range processUses(file) {
			t.Error(use + ": libraries do not own the process; a command does it, or passes what is needed")
		}
	}
	if looked < 100 {
		t.Errorf("looked at %d files only", looked)
	}
}

// processUses returns the places where a file uses state of the process.
func processUses(file goFile) (uses []string) {
	names := map[string]string{} // of imported packages, to their paths
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || processState[path] == nil {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	ast.Inspect(file.File, func(node ast.Node) bool {
		if setsProcs(node) {
			uses = append(uses, file.at(node)+": runtime.GOMAXPROCS that sets")
		}
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := selector.X.(*ast.Ident)
		if !ok {
			return true
		}
		if listed := processState[names[of.Name]]; slices.Contains(listed, "*") || slices.Contains(listed, selector.Sel.Name) {
			uses = append(uses, fmt.Sprintf("%s: %s.%s", file.at(node), of.Name, selector.Sel.Name))
		}
		return true
	})
	return uses
}

// setsProcs reports whether a node is a call of runtime.GOMAXPROCS with another
// argument than 0.
func setsProcs(node ast.Node) bool {
	call, ok := node.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != "GOMAXPROCS" {
		return false
	}
	number, ok := call.Args[0].(*ast.BasicLit)
	return !ok || number.Value != "0"
}

func TestProcessUses(t *testing.T) {
	for body, want := range map[string]int{
		`os.Setenv("A", "b")`:        1,
		`os.Getenv("A")`:             0,
		`dbg.SetMemoryLimit(1)`:      1,
		`runtime.GOMAXPROCS(0)`:      0,
		`runtime.GOMAXPROCS(2)`:      1,
		`log.Print("x")`:             1,
		`signal.Notify(c, os.Stdin)`: 2,
		`x.Setenv("A", "b")`:         0,
	} {
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, "x.go", `package x
import ("os"; dbg "runtime/debug"; "runtime"; "log"; "os/signal")
func f() { `+body+` }`, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := processUses(goFile{path: "x.go", fset: fset, File: parsed}); len(got) != want {
			t.Errorf("%s: %q, want %d", body, got, want)
		}
	}
}
