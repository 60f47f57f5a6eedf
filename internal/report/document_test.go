package report

import (
	"bytes"
	"io"
	"testing"
)

func TestWriteDocument(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{map[string]int{}, "{\n  \"format_version\": \"1.0\"\n}\n"},
		{struct {
			A string `json:"a"`
			B []int  `json:"b"`
		}{"<x>", nil}, "{\n  \"format_version\": \"1.0\",\n  \"a\": \"<x>\",\n  \"b\": null\n}\n"},
	} {
		var out bytes.Buffer
		if err := WriteDocument(&out, test.value); err != nil || out.String() != test.want {
			t.Errorf("%v: %v\n%s", test.value, err, out.String())
		}
	}
	if err := WriteDocument(io.Discard, []int{1}); err == nil {
		t.Error("an array was accepted")
	}
}
