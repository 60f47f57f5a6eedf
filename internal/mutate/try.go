package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// tally counts mutants by what became of them.
type tally struct {
	killed, survived, accepted int
	invalid                    int // they do not compile
}

func (t *tally) add(other tally) {
	t.killed += other.killed
	t.survived += other.survived
	t.accepted += other.accepted
	t.invalid += other.invalid
}

func (t tally) String() string {
	return fmt.Sprintf("%d killed, %d survived, %d accepted, %d do not compile", t.killed, t.survived, t.accepted, t.invalid)
}

// trial runs the tests of a folder, with and without changes.
type trial struct {
	dir     string
	limit   time.Duration // of processor time, for the tests of a mutant
	work    string        // a folder for files of the trial
	covered []block
}

// block is a stretch of a file that the tests run, in lines and columns.
type block struct {
	file                       string
	fromLine, from, toLine, to int
}

// try runs the tests on each mutant.
func try(ctx context.Context, one trial, mutants []mutant, report func(format string, args ...any)) (t tally, err error) {
	one.work, err = os.MkdirTemp("", "mutate-")
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(one.work)) }()
	if err := one.prepare(ctx); err != nil {
		return t, err
	}
	for _, m := range mutants {
		if m.accepted {
			t.accepted++
			continue
		}
		fate := "no test reaches it"
		if one.reached(m) {
			if fate, err = one.test(ctx, m); err != nil {
				return t, err
			}
		}
		switch fate {
		case killed:
			t.killed++
		case invalid:
			t.invalid++
		default:
			t.survived++
			report("%s:%d: %s: %s\n- %s\n+ %s\n", m.file, m.line, m.function, fate, m.old, m.new)
		}
	}
	return t, nil
}

// What becomes of a mutant.
const (
	killed   = "a test fails"
	invalid  = "it does not compile"
	survives = "every test passes"
)

// prepare runs the tests on the code as it is, for what they cover and the time they
// take.
func (t *trial) prepare(ctx context.Context) error {
	profile := filepath.Join(t.work, "cover")
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-vet=off", "-coverprofile="+profile, "./"+t.dir)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("test %q as it is: %w\n%s", t.dir, err, output)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		return err
	}
	if t.covered, err = parseProfile(string(text)); err != nil {
		return fmt.Errorf("read coverage of %q: %w", t.dir, err)
	}
	// A mutant that never ends is stopped by the processor time that it takes, which
	// other programs on the machine do not change; one that waits for ever, by the
	// timeout of go test. The time of the tests includes that of building them.
	if t.limit == 0 {
		t.limit = 10*time.Second + 5*(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	script := fmt.Sprintf("#!/bin/sh\nulimit -t %.0f\nexec \"$@\"\n", math.Ceil(t.limit.Seconds()))
	return os.WriteFile(filepath.Join(t.work, "limited"), []byte(script), 0o700)
}

// profileLine is such as example.com/module/pkg/file.go:12.34,15.2 3 1.
var profileLine = regexp.MustCompile(`^(.+):(\d+)\.(\d+),(\d+)\.(\d+) \d+ (\d+)$`)

func parseProfile(text string) (covered []block, err error) {
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := profileLine.FindStringSubmatch(line)
		if fields == nil {
			if i > 0 { // the first line says the mode
				return nil, fmt.Errorf("line %d: %q is not of a profile", i+1, line)
			}
			continue
		}
		var n [5]int
		for k := range n {
			if n[k], err = strconv.Atoi(fields[k+2]); err != nil {
				return nil, err
			}
		}
		if n[4] > 0 {
			covered = append(covered, block{filepath.Base(fields[1]), n[0], n[1], n[2], n[3]})
		}
	}
	return covered, nil
}

// reached reports whether a test runs the line of a mutant. What is outside of
// functions counts as run.
func (t *trial) reached(m mutant) bool {
	if m.function == "" {
		return true
	}
	for _, b := range t.covered {
		if b.file == filepath.Base(m.file) && b.fromLine <= m.line && m.line <= b.toLine {
			return true
		}
	}
	return false
}

// test runs the tests on a mutant.
func (t *trial) test(ctx context.Context, m mutant) (fate string, err error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	changed, list := filepath.Join(t.work, "mutant.go"), filepath.Join(t.work, "overlay.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err == nil {
		err = errors.Join(os.WriteFile(changed, m.apply(source), 0o600), os.WriteFile(list, overlay, 0o600))
	}
	if err != nil {
		return "", err
	}
	output, err := exec.CommandContext(ctx, "go", "test", "-count=1", "-vet=off", "-failfast", "-timeout=30m",
		"-ldflags=-s -w", "-overlay="+list, "-exec="+filepath.Join(t.work, "limited"), "./"+t.dir).CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return survives, nil
	case strings.Contains(string(output), "[build failed]"):
		return invalid, nil
	case strings.Contains(string(output), "FAIL\t"):
		return killed, nil
	}
	return "", fmt.Errorf("test %q: %w\n%s", t.dir, err, output)
}
