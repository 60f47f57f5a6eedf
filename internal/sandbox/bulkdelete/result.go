package bulkdelete

import (
	"encoding/xml"
	"fmt"
)

// Outcome is the result for one object.
type Outcome struct {
	Object
	// Code and Message say why the object was not deleted; both are "" if it was.
	Code, Message string
	// Marker reports whether a delete marker was created or deleted; MarkerVersion is
	// its version.
	Marker        bool
	MarkerVersion string
}

// result is the answer. In quiet mode it lists only failures.
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

// Result parses S3's answer.
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
			code = "InternalError" // an error without a code is still an error
		}
		outcomes = append(outcomes, Outcome{Object: Object{e.Key, e.Version}, Code: code, Message: e.Message})
	}
	return outcomes, nil
}

// Outcomes returns the result for each requested object, in order. Objects missing in
// the answer were deleted, as in quiet mode. Objects that were not requested but are in
// the answer come last, because the server says that it deleted them.
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
			named.Version = "" // some servers omit it
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
