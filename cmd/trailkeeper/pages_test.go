package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// A verb that exists is found: it has a page, a row in the README and a line in
// the changelog. The README's table names no other.
func TestVerbsAreDocumented(t *testing.T) {
	readme, changelog := readText(t, "../../README.md"), readText(t, "../../CHANGELOG.md")
	s, _, _ := testStreams(t)
	exists := map[string]bool{}
	for _, job := range jobs(s) {
		for _, verb := range job.verbs {
			name := verb.Name()
			exists[name] = true
			page := readText(t, "../../docs/"+name+".md")
			if !strings.HasPrefix(page, "# trailkeeper "+name+"\n") {
				t.Errorf("docs/%s.md does not start with %q", name, "# trailkeeper "+name)
			}
			if !strings.Contains(readme, fmt.Sprintf("| [`%s`](docs/%s.md) |", name, name)) {
				t.Errorf("README.md has no row for %s", name)
			}
			if !strings.Contains(changelog, "`"+name+"`") {
				t.Errorf("CHANGELOG.md does not mention `%s`", name)
			}
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| \\[`(\\w+)`\\]").FindAllStringSubmatch(readme, -1) {
		if !exists[row[1]] {
			t.Errorf("README.md has a row for %s, which is not a verb", row[1])
		}
	}
}

// Links between pages lead somewhere.
func TestLinksBetweenPages(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	pages := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	entries, err := os.ReadDir("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		pages = append(pages, "docs/"+entry.Name())
	}
	for _, page := range pages {
		folder := "../../" + page[:strings.LastIndex(page, "/")+1]
		for _, target := range link.FindAllStringSubmatch(readText(t, "../../"+page), -1) {
			if _, err := os.Stat(folder + target[1]); err != nil {
				t.Errorf("%s links to %s, which is not there", page, target[1])
			}
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("read %s: %v", path, err)
	}
	return string(text)
}
