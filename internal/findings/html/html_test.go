package html

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings/findingtest"
)

var _ = flag.Bool("update", false, "rewrite the files in testdata")

func render(t *testing.T, list []finding.Message) []byte {
	t.Helper()
	var out bytes.Buffer
	h, err := New(&out)
	if err != nil {
		t.Fatal(err)
	}
	findingtest.Render(t, h, list)
	return out.Bytes()
}

// safe reports what a page must not have: elements that run or load something, and
// links to anything but the web and the page itself.
func safe(t *testing.T, page []byte) {
	t.Helper()
	allowed := strings.Fields("html head meta title style body h1 h2 dl dt dd section span p pre a table tbody tr th td strong details summary")
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		if !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+node.Data+" ") {
			t.Errorf("an element %q", node.Data)
		}
		for _, a := range node.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" {
				t.Errorf("an attribute %s=%.100q", a.Key, a.Val)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "#f-") {
				t.Errorf("a link to %.100q", a.Val)
			}
		}
	}
}

func TestHTML(t *testing.T) {
	page := render(t, findingtest.Sample())
	safe(t, page)
	findingtest.Golden(t, "testdata/sample.html", page)
}

func TestHostile(t *testing.T) {
	page := render(t, findingtest.Hostile())
	safe(t, page)
	if len(page) > 2<<20 {
		t.Errorf("a page of %d bytes", len(page))
	}
	for _, r := range string(page) {
		if !unicode.IsPrint(r) && r != '\n' {
			t.Fatalf("the page has %U", r)
		}
	}
	if !bytes.Contains(page, []byte("Content-Security-Policy")) || bytes.Contains(page, []byte("<script")) {
		t.Error("a script, or no policy against it")
	}
}

// A page that ends early says so.
func TestCut(t *testing.T) {
	var out bytes.Buffer
	h, err := New(&out)
	if err != nil {
		t.Fatal(err)
	}
	strict := finding.Strict(h)
	if err := strict.Handle(finding.Message{Config: &finding.Config{Tool: "t"}}); err != nil {
		t.Fatal(err)
	}
	if err := strict.Close(); !errors.Is(err, finding.ErrCut) || !strings.Contains(out.String(), "This page was cut") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
