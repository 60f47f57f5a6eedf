package sarif

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings/findingtest"
)

var _ = flag.Bool("update", false, "rewrite the files in testdata")

// valid compares a log with the schema of OASIS.
func valid(t *testing.T, text []byte) {
	t.Helper()
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(schemaURI, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(schemaURI)
	if err != nil {
		t.Fatal(err)
	}
	log, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(log); err != nil {
		t.Errorf("%.3000v", err)
	}
}

func TestSARIF(t *testing.T) {
	var out, indented bytes.Buffer
	findingtest.Render(t, New(&out), findingtest.WithoutChanges(findingtest.Sample()))
	valid(t, out.Bytes())
	if err := json.Indent(&indented, out.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	findingtest.Golden(t, "testdata/sample.sarif", indented.Bytes())
}

func TestHostile(t *testing.T) {
	var out bytes.Buffer
	findingtest.Render(t, New(&out), findingtest.WithoutChanges(findingtest.Hostile()))
	valid(t, out.Bytes())
}

func TestEmpty(t *testing.T) {
	var out bytes.Buffer
	findingtest.Render(t, New(&out), []finding.Message{{Config: &finding.Config{Tool: "t"}}, {Summary: &finding.Summary{Complete: true}}})
	valid(t, out.Bytes())
}

// The buffer has a limit. The log says what was dropped.
func TestManyProblems(t *testing.T) {
	list := []finding.Message{{Config: &finding.Config{Tool: "t"}}}
	for range 1500 {
		list = append(list, finding.Message{Problem: &finding.Problem{Location: "a b%.json", Cause: "broken", Offset: 3}})
	}
	var out bytes.Buffer
	findingtest.Render(t, New(&out), append(list, finding.Message{Summary: &finding.Summary{}}))
	valid(t, out.Bytes())
	if !strings.Contains(out.String(), "500 more problems and incidents were left out") {
		t.Error("nothing tells of 500 problems")
	}
	if !strings.Contains(out.String(), `"uri":"a%20b%25.json"`) {
		t.Error("a path is no URI")
	}
}

func TestChangesAreRefused(t *testing.T) {
	h := New(&bytes.Buffer{})
	if err := h.Handle(finding.Message{Change: &finding.Change{}}); err == nil {
		t.Error("a change is passed over")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}
