package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// DocumentVersion is the version of the JSON documents of all verbs. Its first
// number changes when readers would break, the second when members are added.
const DocumentVersion = "1.0"

// WriteDocument writes v, a JSON object, indented, with DocumentVersion as its first
// member, format_version.
func WriteDocument(w io.Writer, v any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	members, isObject := bytes.CutPrefix(text.Bytes(), []byte("{"))
	if !isObject {
		return errors.New("write JSON document: it is not an object")
	}
	document := []byte("{\n  \"format_version\": \"" + DocumentVersion + "\"")
	if !bytes.HasPrefix(members, []byte("}")) {
		document = append(document, ',')
	} else {
		document = append(document, '\n')
	}
	_, err := w.Write(append(document, members...))
	return err
}
