package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// module writes a module of one package, which is the working folder of the test.
func module(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	files["go.mod"] = "module example.com/m\n\ngo 1.26\n"
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMutants(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`func f(a int) bool { return a < 1 }`, `a <= 1; a >= 1; a < (1 + 1)`},
		{`func f(a, b bool) bool { return a && !b }`, `a || !b; !a && !b; a && b`},
		{`func f(a string) bool { return a == "x" }`, `a == "x~"; a != "x"`},
		{`func f(a string) string { return a + "x" }`, `func() string { _ = string(a + "x"); return "" }()`},
		{`func f() (int, error) { return 0, g() }`, `func() error { _ = error(g()); return nil }(); (0 + 1), g()`},
		{`func f(a bool) bool { return a }`, `!a`},
		{`const c = 'a'`, `('a' + 1)`},
		{`var v = true`, `false`},
		{`import "x"`, ``},
	} {
		module(t, map[string]string{"p/p.go": "package p\n" + test.text + "\n"})
		mutants, err := mutantsOf("p/p.go")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range mutants {
			_, after, _ := strings.Cut(m.new, "return ")
			if m.function == "" {
				_, after, _ = strings.Cut(m.new, "= ")
			}
			if m.function != "" && strings.HasPrefix(m.text, "func() ") {
				after = m.text
			}
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(after, "0, "), " }"))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s: mutants (-want +got)\n%s", test.text, diff)
		}
	}
}

func TestStatements(t *testing.T) {
	module(t, map[string]string{"p/p.go": `package p
func f(a []int) (n int) {
	for _, x := range a {
		if x == n {
			continue
		}
		n++
		n += x
		n, x = x, n
		g(n)
		_ = x
	}
	panic("x")
}
`})
	mutants, err := mutantsOf("p/p.go")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mutants {
		got = append(got, m.new)
	}
	want := []string{"if x != n {", "break", "n--", "_ = x", "_, _ = x, n", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mutants (-want +got)\n%s", diff)
	}
}

// A mutant that tests notice is killed, also if it never ends; the others are printed
// with their place, unless the list of accepted ones has them.
func TestRun(t *testing.T) {
	module(t, map[string]string{
		"p/p.go": `package p

// Large is tested on one side of its bound only.
func Large(n int) bool { return n > 10 }

// Zero never ends if it counts upwards.
func Zero(n int) int {
	for n != 0 {
		n--
	}
	return n
}

func unused() bool { return false }
`,
		"p/p_test.go": `package p

import "testing"

func TestAll(t *testing.T) {
	if !Large(20) || Large(0) || Zero(3) != 0 {
		t.Fail()
	}
}
`,
		acceptedFile: `# a comment

p/p.go Large
- func Large(n int) bool { return n > 10 }
+ func Large(n int) bool { return n > (10 + 1) }
The reason.
`,
	})
	var out strings.Builder
	survived, err := run(t.Context(), []string{"-limit", "1s", "p"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"p/p.go:4: Large: every test passes\n- func Large(n int) bool { return n > 10 }\n+ func Large(n int) bool { return n >= 10 }\n",
		"p/p.go:14: unused: no test reaches it\n- func unused() bool { return false }\n+ func unused() bool { return true }\n",
		"all: 4 killed, 2 survived, 1 accepted, 0 do not compile\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report has not\n%s\nit is\n%s", want, out.String())
		}
	}
	if survived != 2 {
		t.Errorf("%d survived", survived)
	}
}

func TestBadLists(t *testing.T) {
	for text, want := range map[string]string{
		"p/p.go f\n- a\n+ b":          "and a reason",
		"p/p.go f\n- a\n+ b\nreason.": "no such mutant any more:\np/p.go f\n- a\n+ b",
	} {
		module(t, map[string]string{
			"p/p.go":      "package p\n\nfunc F() bool { return true }\n",
			"p/p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestF(t *testing.T) {\n\tif !F() {\n\t\tt.Fail()\n\t}\n}\n",
			acceptedFile:  text,
		})
		var out strings.Builder
		if _, err := run(t.Context(), []string{"p"}, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
