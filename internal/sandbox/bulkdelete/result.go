package bulkdelete

import (
	"encoding/xml"
	"fmt"
)

// Outcome is what became of an object.
type Outcome struct {
	Object
	// Code and Message say why it was not deleted, both "" when it was.
	Code, Message string
	// Marker says that a delete marker was made or deleted, MarkerVersion which.
	Marker        bool
	MarkerVersion string
}

// result is the answer. A quiet one names only what failed.
type result struct {
	XMLName xml.Name `xml:"DeleteResult"`
	Deleted []struct {
		Key             string
		Version         string `xml:"VersionId"`
		Marker          bool   `xml:"DeleteMarker"`
		MarkerVersionID string `xml:"DeleteMarkerVersionId"`
	}
	Error []struct {
		Key           string
		Version       string `xml:"VersionId"`
		Code, Message string
	}
}

// Result reads the document that S3 answers with.
func Result(document []byte) ([]Outcome, error) {
	var r result
	if err := xml.Unmarshal(document, &r); err != nil {
		return nil, fmt.Errorf("read answer to deletion of objects: %w", err)
	}
	outcomes := make([]Outcome, 0, len(r.Deleted)+len(r.Error))
	for _, d := range r.Deleted {
		outcomes = append(outcomes, Outcome{
			Object: Object{d.Key, d.Version}, Marker: d.Marker, MarkerVersion: d.MarkerVersionID,
		})
	}
	for _, e := range r.Error {
		code := e.Code
		if code == "" {
			code = "InternalError" // an error without a name is one all the same
		}
		outcomes = append(outcomes, Outcome{Object: Object{e.Key, e.Version}, Code: code, Message: e.Message})
	}
	return outcomes, nil
}

// Outcomes tells what became of what was asked for, in that order. What the answer
// does not name was deleted, as in a quiet one. What it names and nobody asked for
// comes at the end: it is what the store says that it did.
func Outcomes(asked []Object, told []Outcome) []Outcome {
	found := make(map[Object]Outcome, len(told))
	for _, o := range told {
		found[o.Object] = o
	}
	used := make(map[Object]bool, len(told))
	all := make([]Outcome, 0, len(asked))
	for _, object := range asked {
		named := object
		o, ok := found[named]
		if !ok {
			named.Version = "" // some stores leave it out
			o, ok = found[named]
		}
		used[named] = ok
		o.Object = object
		all = append(all, o)
	}
	for _, o := range told {
		if !used[o.Object] {
			all = append(all, o)
			used[o.Object] = true
		}
	}
	return all
}
