package supplement

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// bucketOperation returns the operation of a bucket request that may be answered here.
// If the host names the bucket, CreateBucket may be the upload of a small object and
// DeleteBucket the deletion of an object: their handlers must check.
func bucketOperation(r *http.Request) string {
	if strings.Count(strings.TrimSuffix(r.URL.Path, "/"), "/") > 1 {
		return "" // for an object
	}
	query := r.URL.Query()
	switch lifecycle, lock := query.Has("lifecycle"), query.Has("object-lock"); {
	case lock && r.Method == http.MethodGet:
		return "GetObjectLockConfiguration"
	case lock && r.Method == http.MethodPut:
		return "PutObjectLockConfiguration"
	case lifecycle && r.Method == http.MethodGet:
		return "GetBucketLifecycleConfiguration"
	case lifecycle && r.Method == http.MethodPut:
		return "PutBucketLifecycleConfiguration"
	case r.Method == http.MethodDelete && (r.URL.RawQuery == "" || r.URL.RawQuery == "x-id=DeleteBucket"):
		return "DeleteBucket"
	case r.Method == http.MethodPut && r.URL.RawQuery == "" && 0 < r.ContentLength && r.ContentLength <= 64<<10:
		return "CreateBucket"
	}
	return ""
}

// createBucket sets the tags of a new bucket, which moto ignores.
func createBucket(c *call) {
	type tag struct{ Key, Value string }
	var configuration struct {
		XMLName xml.Name `xml:"CreateBucketConfiguration"`
		Tags    []tag    `xml:"Tags>Tag"`
	}
	tagged := xml.Unmarshal(c.body, &configuration) == nil && len(configuration.Tags) > 0
	created := c.pass()
	if !tagged || !created.ok() {
		created.relay(c)
		return
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ Tagging"`
		Tags    []tag    `xml:"TagSet>Tag"`
	}{Tags: configuration.Tags})
	if err != nil {
		panic(err) // cannot happen: strings always marshal
	}
	r := c.r.Clone(c.r.Context())
	r.URL.RawQuery = "tagging="
	if a := c.ask(r, body); a.status >= http.StatusMultipleChoices {
		a.relay(c)
		return
	}
	created.relay(c)
}

// lifecycle is a bucket's lifecycle configuration as it was put. moto drops parts of it:
// object sizes and the number of versions to keep.
type lifecycle struct {
	Rules string `json:"rules"` // XML
	Size  string `json:"size"`  // the default minimum of objects in transitions
}

const (
	sizeHeader  = "X-Amz-Transition-Default-Minimum-Object-Size"
	defaultSize = "all_storage_classes_128K"
)

func putLifecycle(c *call) {
	put := c.pass()
	if !put.ok() {
		put.relay(c)
		return
	}
	kept := &lifecycle{string(c.body), cmp.Or(c.r.Header.Get(sizeHeader), defaultSize)}
	if !named(c.body) {
		kept = nil
	}
	c.state.Lifecycles[bucketOf(c.r)] = kept
	if err := c.state.save(); err != nil {
		c.broken(err)
		return
	}
	put.header.Set(sizeHeader, cmp.Or(c.r.Header.Get(sizeHeader), defaultSize))
	put.relay(c)
}

// named reports whether all rules have an ID. moto generates missing IDs.
func named(body []byte) bool {
	var configuration struct {
		XMLName xml.Name              `xml:"LifecycleConfiguration"`
		Rules   []struct{ ID string } `xml:"Rule"`
	}
	err := xml.Unmarshal(body, &configuration)
	return err == nil && !slices.ContainsFunc(configuration.Rules, func(r struct{ ID string }) bool { return r.ID == "" })
}

// getLifecycle returns the configuration as it was put, if moto still has one.
func getLifecycle(c *call) {
	a := c.pass()
	if kept := c.state.Lifecycles[bucketOf(c.r)]; a.ok() && kept != nil {
		a.body.Reset()
		a.body.WriteString(kept.Rules)
		a.header.Set(sizeHeader, kept.Size)
	}
	a.relay(c)
}

// bucketOf returns the bucket of a bucket request, from its path or its host.
func bucketOf(r *http.Request) string {
	if bucket := strings.Trim(r.URL.Path, "/"); bucket != "" {
		return bucket
	}
	bucket, _, _ := strings.Cut(r.Host, ".")
	return bucket
}
