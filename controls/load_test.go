package controls_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"golang.org/x/text/unicode/norm"

	"github.com/cerpac/trailkeeper/catalogue"
	"github.com/cerpac/trailkeeper/controls"
	"github.com/cerpac/trailkeeper/finding"
)

const ownControl = `{"title":"Secrets deleted","severity":"high","set":"ours","filter":"SecretDeleted","metric":"SecretDeletedCount"}`

func mine(description, pattern string, more ...string) catalogue.Source {
	m := fstest.MapFS{"own/control.json": {Data: []byte(description)}, "own/pattern.txt": {Data: []byte(pattern)}}
	for i := 0; i < len(more); i += 2 {
		m["own/"+more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return catalogue.Source{Name: "mine", FS: m}
}

func TestOwnControls(t *testing.T) {
	list, err := controls.Load(mine(ownControl, "{ $.eventName = DeleteSecret }\n",
		"hits.jsonl", `{"eventName":"DeleteSecret"}`+"\n\n", "misses.jsonl", `{"eventName":"GetSecretValue"}`))
	if err != nil {
		t.Fatal(err)
	}
	own := list[len(list)-1]
	if own.ID != "own" || own.Source != "mine" || own.Pattern != "{ $.eventName = DeleteSecret }" || own.Severity != finding.High || own.Label() != "ours" {
		t.Errorf("%+v", own)
	}
	if len(list) != len(all(t))+1 {
		t.Errorf("%d controls", len(list))
	}
}

func TestOwnControlsThatAreWrong(t *testing.T) {
	const pattern = "{ $.eventName = X }"
	for name, test := range map[string]struct {
		source catalogue.Source
		want   string
	}{
		"pattern":  {mine(ownControl, "{ $.a = 1\n && }"), `mine/own/pattern.txt:2:5: read filter pattern: at byte 14: expected a selector, which starts with $, found "}"`},
		"severity": {mine(`{"title":"T","set":"ours","filter":"F","metric":"M"}`, pattern), `mine/own/control.json: severity is missing`},
		"no severity": {mine(`{"title":"T","severity":"urgent","set":"ours","filter":"F","metric":"M"}`, pattern),
			`mine/own/control.json:1:1: severity "urgent" is not one of informational, low, medium, high, critical`},
		"set":     {mine(`{"title":"T","severity":"low","filter":"F","metric":"M"}`, pattern), `mine/own/control.json: set "" is not small letters, digits and hyphens`},
		"numbers": {mine(`{"title":"T","severity":"low","set":"cis","filter":"F","metric":"M"}`, pattern), `mine/own/control.json: a control of set "cis" has the numbers map[]`},
		"filter":  {mine(`{"title":"T","severity":"low","set":"ours","filter":"F:","metric":"M"}`, pattern), `mine/own/control.json: filter "F:" is not 1 to 512 characters without : and *`},
		"metric":  {mine(`{"title":"T","severity":"low","set":"ours","filter":"F","metric":"$M"}`, pattern), `mine/own/control.json: metric "$M" is not 1 to 255 characters without :, * and $`},
		"hit": {mine(ownControl, pattern, "hits.jsonl", `{"eventName":"X"}`+"\n"+`{"eventName":"Y"}`),
			`mine/own/hits.jsonl:2:1: the pattern matches this event: false, should be true`},
		"miss":  {mine(ownControl, pattern, "misses.jsonl", `{"eventName":"X"}`), `mine/own/misses.jsonl:1:1: the pattern matches this event: true, should be false`},
		"event": {mine(ownControl, pattern, "misses.jsonl", `{"eventName":"X"`), `mine/own/misses.jsonl:1:1: not an event as a JSON object`},
		"same filter": {mine(`{"title":"T","severity":"low","set":"ours","filter":"RootAccountUsage","metric":"M"}`, pattern),
			`control "own" of "mine" has the filter RootAccountUsage of control "root-account-usage"`},
		"same metric": {mine(`{"title":"T","severity":"low","set":"ours","filter":"F","metric":"RootAccountUsageCount"}`, pattern),
			`control "own" of "mine" has the metric RootAccountUsageCount of control "root-account-usage"`},
	} {
		list, err := controls.Load(test.source)
		if want := "read control catalogue: " + test.want; err == nil || err.Error() != want || list != nil {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
}

// The module has what is generated.
func TestTerraformIsGenerated(t *testing.T) {
	const path = "../terraform/modules/security/cis_alarms/filters.tf"
	var want bytes.Buffer
	if err := controls.WriteTerraform(&want, all(t)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what the catalogue gives; run go generate ./controls", path)
	}
}

// Whatever a control holds, Terraform reads it back.
func FuzzTerraformStrings(f *testing.F) {
	for _, s := range []string{`{ $.a = "b" }`, "${x} %{y}", "$${z} %%{", "\\\"\n\r\t", "é$", "$", "%", "$${", "\\${"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		var text bytes.Buffer
		c := controls.Control{ID: "x", Set: controls.CIS, Pattern: pattern}
		if err := controls.WriteTerraform(&text, []controls.Control{c}); err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(pattern) || norm.NFC.String(pattern) != pattern || strings.ContainsFunc(pattern, unicode.IsControl) {
			t.Skip("no pattern of the catalogue, or HCL normalizes it")
		}
		file, diags := hclsyntax.ParseConfig(text.Bytes(), "filters.tf", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%v\n%s", diags, text.String())
		}
		locals := file.Body.(*hclsyntax.Body).Blocks[0].Body.Attributes
		value, diags := locals["cis"].Expr.Value(nil)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := value.AsValueMap()["x"].AsValueMap()["pattern"].AsString(); got != pattern {
			t.Errorf("%q came back as %q", pattern, got)
		}
	})
}
