package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The last run is between these lines of docs/benchmarks.md.
const (
	pageBegin = "<!-- last run, written by go run ./internal/bench -update -->\n"
	pageEnd   = "<!-- end of last run -->\n"
)

func updatePage(ctx context.Context, text string) error {
	root, err := moduleDir(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs", "benchmarks.md")
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	updated, err := insertRun(string(page), text)
	if err != nil {
		return fmt.Errorf("update %q: %w", path, err)
	}
	return os.WriteFile(path, []byte(updated), 0o644)
}

func insertRun(page, text string) (string, error) {
	before, rest, begins := strings.Cut(page, pageBegin)
	_, after, ends := strings.Cut(rest, pageEnd)
	if !begins || !ends {
		return "", fmt.Errorf("the lines %q and %q are not there", strings.TrimSpace(pageBegin), strings.TrimSpace(pageEnd))
	}
	return before + pageBegin + "\n```text\n" + text + "```\n\n" + pageEnd + after, nil
}
