package main

import (
	"fmt"
	"os"
	"strings"
)

// change tells a mutant from others by its text, so that it stays the same when lines
// move.
type change struct{ file, function, old, new string }

func (m mutant) change() change { return change{m.file, m.function, m.old, m.new} }

func (c change) String() string {
	return fmt.Sprintf("%s %s\n- %s\n+ %s", c.file, c.function, c.old, c.new)
}

// accepted are the mutants that behave as the code does.
type accepted map[change]bool

// readAccepted reads a file of blocks with a blank line between them: the file and the
// function, the line before and after, and the reason.
//
//	event/time.go parsePlain
//	- if month < 1 {
//	+ if month <= 1 {
//	The reason.
func readAccepted(path string) (accepted, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a := accepted{}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(lines) > 0 && strings.HasPrefix(lines[0], "#") || block == "" {
			continue
		}
		if len(lines) < 4 || !strings.HasPrefix(lines[1], "- ") || !strings.HasPrefix(lines[2], "+ ") {
			return nil, fmt.Errorf("read %q: expected FILE FUNCTION, \"- \" and \"+ \" lines, and a reason:\n%s", path, block)
		}
		file, function, _ := strings.Cut(lines[0], " ")
		a[change{file, function, lines[1][2:], lines[2][2:]}] = true
	}
	return a, nil
}

// mark notes which of the mutants are accepted.
func (a accepted) mark(mutants []mutant) []mutant {
	for i, m := range mutants {
		mutants[i].accepted = a[m.change()]
	}
	return mutants
}

// stale are the accepted mutants of the packages' files that there are no more.
func (a accepted) stale(packages map[string][]mutant) (gone []string) {
	files, there := map[string]bool{}, map[change]bool{}
	for _, mutants := range packages {
		for _, m := range mutants {
			files[m.file], there[m.change()] = true, true
		}
	}
	for c := range a {
		if files[c.file] && !there[c] {
			gone = append(gone, c.String())
		}
	}
	return gone
}
