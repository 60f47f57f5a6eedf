package main

import (
	"os"
	"path/filepath"
	"testing"
)

const module = "../../terraform/modules/security/cis_alarms"

// What is generated into a copy of the module is what the module has.
func TestRun(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(module, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), readme, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "filters.tf"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s of the module is not what is generated; run go generate ./controls", name)
		}
	}
}

func TestReplaceTable(t *testing.T) {
	for _, page := range []string{"", "| another |\n\n", header + "no end"} {
		if _, err := replaceTable([]byte(page), []byte("t\n")); err == nil {
			t.Errorf("%q is taken", page)
		}
	}
	got, err := replaceTable([]byte("a\n\n"+header+"|---|\n| x |\n\nb\n"), []byte("t\n"))
	if err != nil || string(got) != "a\n\nt\n\nb\n" {
		t.Errorf("%q, %v", got, err)
	}
}
