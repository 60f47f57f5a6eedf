package supplement

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// mayCreateBucket tells whether a request can be CreateBucket with a configuration.
// It can also be a small object of a bucket in the host's name; the body tells.
func mayCreateBucket(r *http.Request) bool {
	return r.Method == http.MethodPut && r.URL.RawQuery == "" && 0 < r.ContentLength && r.ContentLength <= 64<<10 &&
		strings.Count(strings.TrimSuffix(r.URL.Path, "/"), "/") == 1
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
