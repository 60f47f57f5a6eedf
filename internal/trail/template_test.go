package trail

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func TestTemplateIsTheDefault(t *testing.T) {
	text := Template()
	for name, text := range map[string]string{"as it is": text, "all taken": uncommented(text)} {
		got, err := Read("template", []byte(text))
		if err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%s: %v\n%+v", name, err, got)
		}
	}
	for line := range strings.Lines(text) {
		if len(strings.TrimSuffix(line, "\n")) > 80 && !strings.Contains(line, "#  ") {
			t.Errorf("%q is long", line)
		}
	}
}

func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`).ReplaceAllString(text, "$1$2")
}

// Every field is explained, in the order of Spec, and nothing else is.
func TestFieldsAreThoseOfSpec(t *testing.T) {
	var want []string
	var walk func(prefix string, of reflect.Type)
	walk = func(prefix string, of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for i := range of.NumField() {
			path := strings.TrimPrefix(prefix+"."+of.Field(i).Tag.Get("yaml"), ".")
			want = append(want, path)
			walk(path, of.Field(i).Type)
		}
	}
	walk("", reflect.TypeFor[Spec]())
	var got []string
	seen := uncommented(Template())
	for _, f := range fields() {
		got = append(got, f.path)
		if f.meaning == "" || strings.Contains(f.meaning+f.cost+f.unset, "|") {
			t.Errorf("%s: %q", f.path, f.meaning)
		}
		name := f.path[strings.LastIndex(f.path, ".")+1:]
		if !strings.Contains(seen, name+":") {
			t.Errorf("%s is not in the template", f.path)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

func TestExamplesAreValid(t *testing.T) {
	examples := 0
	for _, f := range fields() {
		if f.example == "" {
			continue
		}
		examples++
		text := "env: production\nproject_id: cerpac\n" + f.example
		if strings.HasPrefix(f.example, "kms_key_readers") {
			text += "\nkms: create"
		}
		spec, err := Read(f.path, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := spec.Validate(); err != nil {
			t.Errorf("%s: %v", f.path, err)
		}
		if reflect.DeepEqual(valueOf(spec, f.path), valueOf(Default(), f.path)) {
			t.Errorf("%s: the example does not show it", f.path)
		}
	}
	if examples < 5 {
		t.Errorf("found only %d examples", examples)
	}
}

// valueOf is a field at the top.
func valueOf(s Spec, name string) any {
	value := reflect.ValueOf(s)
	for i := range value.NumField() {
		if value.Type().Field(i).Tag.Get("yaml") == name {
			return value.Field(i).Interface()
		}
	}
	return nil
}

// docs/configuration.md has the table between two comments.
func TestReferenceIsDocumented(t *testing.T) {
	const page, start, end = "../../docs/configuration.md", "<!-- fields: generated -->\n", "<!-- end of fields -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), start)
	table, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatalf("%s has no %q with %q after it", page, start, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+start+Reference()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != Reference() {
		t.Errorf("the fields in %s are not those of the program; -update rewrites them", page)
	}
}
