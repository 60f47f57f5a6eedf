package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func writeModel(t *testing.T, data, service, version, text string) {
	t.Helper()
	folder := filepath.Join(data, service, version)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "service-2.json.gz"), zipped.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	data := t.TempDir()
	writeModel(t, data, "old", "2020-01-01", "{")
	writeModel(t, data, "old", "2021-01-01", `{"metadata":{"protocol":"json","endpointPrefix":"api.old","signingName":"thing","apiVersion":"2021-01-01","targetPrefix":"OldThing"},
		"operations":{"Ask":{"http":{"method":"POST","requestUri":"/"},"input":{"shape":"AskRequest"},"output":{"shape":"Told"}},
			"Tell":{"http":{"method":"POST","requestUri":"/"},"input":{"shape":"Told"}}},
		"shapes":{"AskRequest":{"type":"structure","members":{"Tags":{"shape":"Map"},"Both":{"shape":"Map"},"Word":{"shape":"Secret"},"Words":{"shape":"Secrets"},
				"Note":{"shape":"Secret"},"Deep":{"shape":"Deep"},"Name":{"shape":"Secret"}}},
			"Told":{"type":"structure","members":{"Note":{"shape":"Plain"},"Deep":{"shape":"Deep"}}},
			"Deep":{"type":"structure","members":{"Name":{"shape":"Plain"},"Deep":{"shape":"Deep"}}},
			"Secrets":{"type":"list","member":{"shape":"Secret"}},"Plain":{"type":"string"},
			"A":{"type":"structure","members":{"Both":{"shape":"A"}}},"B":{"type":"structure","members":{"Both":{"shape":"B"}}},
			"Map":{"type":"map"},"Secret":{"type":"string","sensitive":true}}}`)
	writeModel(t, data, "new", "2022-01-01", `{"metadata":{"protocol":"rest-xml","endpointPrefix":"thing","apiVersion":"2022-01-01"},
		"operations":{
			"A":{"http":{"method":"GET","requestUri":"/things?x=y"},"deprecated":true},
			"B":{"http":{"method":"GET","requestUri":"/things?x=y"}},
			"C":{"http":{"method":"PUT","requestUri":"/things/{Id+}"}},
			"D":{"http":{"method":"PUT","requestUri":"/things/"},"input":{"shape":"D"}}},
		"shapes":{"D":{"type":"structure","payload":"Whole","members":{"Whole":{"shape":"Blob"}}},"Blob":{"type":"blob","sensitive":true},
			"C":{"type":"structure","members":{"Items":{"shape":"List","locationName":"item"},"Names":{"shape":"List"}}},"List":{"type":"list","flattened":true}}}`)

	var out strings.Builder
	if err := run([]string{data, data}, &out); err != nil {
		t.Fatal(err)
	}
	want := `# Facts of botocore's service models (Apache License 2.0), written by generate.
service thing
model thing rest-xml 2022-01-01
model api.old json 2021-01-01 OldThing
maps Tags
secrets Whole Word Words
lists Names item
flats Names item
hidden @ D<
hidden Name Ask<.
hidden Note Ask<
/things GET?x=y B
 / PUT D
 /{Id+} PUT C
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestRunWithoutModels(t *testing.T) {
	if err := run([]string{t.TempDir()}, &strings.Builder{}); err == nil {
		t.Error("no models, no error")
	}
	damaged := t.TempDir()
	writeModel(t, damaged, "thing", "2020-01-01", "{")
	if err := run([]string{damaged}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "2020-01-01") {
		t.Errorf("error %v does not name the file", err)
	}
}
