package record

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/cerpac/trailkeeper/internal/sandbox/bulkdelete"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// All returns the record of a call and, for DeleteObjects, a record of DeleteObject
// for each of its keys.
func All(x *exchange.Exchange, op operation.Operation, who identity.Identity) ([]journal.Entry, error) {
	call, err := Compose(x, op, who)
	if err != nil {
		return nil, err
	}
	entries := []journal.Entry{call}
	for _, outcome := range deletions(x, op, who) {
		part, partOp := deletion(x, op, outcome)
		entry, err := Compose(part, partOp, who)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// deletions returns what a call of DeleteObjects did to each key. It is empty for a
// call that was refused before any key was processed. If the answer cannot be read,
// every key counts as deleted: an extra event does less harm than a missing one.
func deletions(x *exchange.Exchange, op operation.Operation, who identity.Identity) []bulkdelete.Outcome {
	if op.Name != "DeleteObjects" {
		return nil
	}
	c := &call{x: x, op: op, who: who}
	code, message := c.failure()
	if code != "" && code != "AccessDenied" && x.Status < 500 {
		return nil
	}
	var asked []bulkdelete.Object
	if document, err := bulkdelete.Document(x.Header, bodyOf(x.Request)); err == nil {
		asked, _ = bulkdelete.Parse(document) // the sandbox forwards only valid ones
	}
	if code != "" {
		var outcomes []bulkdelete.Outcome
		for _, object := range asked {
			outcomes = append(outcomes, bulkdelete.Outcome{Object: object, Code: code, Message: message})
		}
		return outcomes
	}
	told, _ := bulkdelete.Result(bodyOf(x.Response))
	return bulkdelete.Outcomes(asked, told)
}

// deletion returns the part of a call that deletes one key as a call of its own.
func deletion(x *exchange.Exchange, op operation.Operation, o bulkdelete.Outcome) (*exchange.Exchange, operation.Operation) {
	part := *x
	part.Method, part.URL = http.MethodDelete, &url.URL{}
	if o.Version != "" {
		part.URL.RawQuery = url.Values{"versionId": {o.Version}}.Encode()
	}
	part.Header = x.Header.Clone()
	part.Header.Del("X-Amz-Decoded-Content-Length")
	part.Request, part.Response = exchange.Body{Whole: true}, exchange.Body{Whole: true}
	part.ResponseHeader = x.ResponseHeader.Clone()
	if o.Code != "" {
		part.Status = http.StatusBadRequest
		part.ResponseHeader.Set("X-Amzn-Errortype", o.Code)
		part.ResponseHeader.Set("X-Amzn-Error-Message", o.Message)
	} else {
		part.Status = http.StatusNoContent
		if o.Marker {
			part.ResponseHeader.Set("X-Amz-Delete-Marker", "true")
		}
		if version := cmp.Or(o.MarkerVersion, o.Version); version != "" {
			part.ResponseHeader.Set("X-Amz-Version-Id", version)
		}
	}
	op.Name, op.EventName = "DeleteObject", "DeleteObject"
	op.Path = map[string]string{"Bucket": op.Path["Bucket"], "Key": o.Key}
	return &part, op
}
