package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata, docs and README.md")

// TestMain makes `trailkeeper` a command of the scripts and of the documented
// examples: the test binary runs itself as the real program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"trailkeeper": main})
}

// TestScripts runs testdata/*.txtar. CONTRIBUTING.md lists the commands that
// scripts have beyond testscript's own.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("found no scripts in testdata (%v)", err)
	}
	testscript.Run(t, testscript.Params{
		Files:               scripts,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			formats, err := filepath.Abs("testdata/formats")
			env.Vars = append(append(env.Vars, isolation(env.WorkDir)...), "FORMATS="+formats)
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   scriptExits,
			"cmpjson": scriptCmpJSON,
			"lines":   scriptLines,
			"gzip":    scriptGzip,
			"gunzip":  scriptGunzip,
		},
	})
}

// isolation is the environment of a script or an example: nothing of this
// machine's home, zone or AWS configuration reaches it.
func isolation(home string) []string {
	return []string{
		"HOME=" + home,
		"TZ=UTC",
		"LC_ALL=C.UTF-8",
		"NO_COLOR=1",
		"TRAILKEEPER_LAKE=", "TRAILKEEPER_ARCHIVE=",
		"AWS_CONFIG_FILE=" + filepath.Join(home, "no-aws-config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "no-aws-credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=",
		"AWS_PROFILE=", "AWS_REGION=", "AWS_DEFAULT_REGION=", "AWS_ENDPOINT_URL=", "AWS_ENDPOINT_URL_S3=",
	}
}

// scriptExits is `exits CODE COMMAND ARGS...`: the command must end with
// exactly that exit code.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s exits with %d, want %d", args[1], got, want)
	}
}

// scriptCmpJSON is `cmpjson GOT WANT`: both hold the same JSON values, however
// they are laid out; stdout and stderr name the last command's output. Files of
// several values, such as JSON Lines, are compared value by value.
func scriptCmpJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cmpjson GOT WANT")
	}
	got, want := readJSON(ts, args[0]), readJSON(ts, args[1])
	diff := cmp.Diff(want, got)
	if neg && diff == "" {
		ts.Fatalf("%s and %s hold the same JSON", args[0], args[1])
	}
	if !neg && diff != "" {
		ts.Fatalf("%s (+) is not %s (-):\n%s", args[0], args[1], diff)
	}
}

// readJSON keeps numbers as they are written: a lost digit is a difference.
func readJSON(ts *testscript.TestScript, name string) []any {
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(name)))
	decoder.UseNumber()
	var values []any
	for {
		var value any
		err := decoder.Decode(&value)
		if err == io.EOF {
			return values
		}
		if err != nil {
			ts.Fatalf("read JSON of %s: %v", name, err)
		}
		values = append(values, value)
	}
}

// scriptLines is `lines FILE N`: the file has N lines that are not blank.
func scriptLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if strings.TrimSpace(line) != "" {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

// scriptGzip is `gzip FILE...`: each FILE becomes FILE.gz.
func scriptGzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: gzip FILE...")
	}
	for _, name := range args {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		_, err := io.WriteString(writer, ts.ReadFile(name))
		ts.Check(errors.Join(err, writer.Close()))
		ts.Check(os.WriteFile(ts.MkAbs(name)+".gz", packed.Bytes(), 0o666))
		ts.Check(os.Remove(ts.MkAbs(name)))
	}
}

// scriptGunzip is `gunzip FILE.gz...`: each becomes FILE.
func scriptGunzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: gunzip FILE.gz...")
	}
	for _, name := range args {
		plain, isGzip := strings.CutSuffix(name, ".gz")
		if !isGzip {
			ts.Fatalf("gunzip %s: the name does not end in .gz", name)
		}
		reader, err := gzip.NewReader(strings.NewReader(ts.ReadFile(name)))
		ts.Check(err)
		content, err := io.ReadAll(reader)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(plain), content, 0o666))
		ts.Check(os.Remove(ts.MkAbs(name)))
	}
}
