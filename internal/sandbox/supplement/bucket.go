package supplement

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// bucketOperation names a request for a bucket that may be answered here.
// CreateBucket can also be a small object of a bucket in the host's name, and
// DeleteBucket any object of one: what answers them has to look.
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

// createBucket tags a new bucket as its configuration says, which moto does not read.
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
		panic(err) // of strings
	}
	r := c.r.Clone(c.r.Context())
	r.URL.RawQuery = "tagging="
	if a := c.ask(r, body); a.status >= http.StatusMultipleChoices {
		a.relay(c)
		return
	}
	created.relay(c)
}

// lifecycle is a bucket's configuration as it was put. moto keeps less of it than it
// takes: no sizes of objects, not how many versions stay.
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

// named tells whether all rules have an ID; others get theirs from moto.
func named(body []byte) bool {
	var configuration struct {
		XMLName xml.Name              `xml:"LifecycleConfiguration"`
		Rules   []struct{ ID string } `xml:"Rule"`
	}
	err := xml.Unmarshal(body, &configuration)
	return err == nil && !slices.ContainsFunc(configuration.Rules, func(r struct{ ID string }) bool { return r.ID == "" })
}

// getLifecycle gives back what was put, if moto still has a configuration at all.
func getLifecycle(c *call) {
	a := c.pass()
	if kept := c.state.Lifecycles[bucketOf(c.r)]; a.ok() && kept != nil {
		a.body.Reset()
		a.body.WriteString(kept.Rules)
		a.header.Set(sizeHeader, kept.Size)
	}
	a.relay(c)
}

// bucketOf is the bucket of a request for a bucket, in its path or its host.
func bucketOf(r *http.Request) string {
	if bucket := strings.Trim(r.URL.Path, "/"); bucket != "" {
		return bucket
	}
	bucket, _, _ := strings.Cut(r.Host, ".")
	return bucket
}
