package text

import (
	"bytes"
	"flag"
	"strings"
	"testing"
	"unicode"

	"github.com/cerpac/trailkeeper/internal/findings/findingtest"
)

var _ = flag.Bool("update", false, "rewrite the files in testdata")

func TestText(t *testing.T) {
	for file, options := range map[string]Options{"testdata/sample.txt": {}, "testdata/all.txt": {All: true}} {
		var out bytes.Buffer
		findingtest.Render(t, New(&out, options), findingtest.Sample())
		findingtest.Golden(t, file, out.Bytes())
	}
}

func TestHostile(t *testing.T) {
	var out bytes.Buffer
	findingtest.Render(t, New(&out, Options{All: true}), findingtest.Hostile())
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%.200q", line)
		}
		if len(line) > 12000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}
