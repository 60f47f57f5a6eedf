package operation

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// Ambiguity returns why an S3 server may interpret a request differently than Identify, or
// "". uri is the unchanged request target. Servers differ in how they read requests
// that no AWS client sends; the record of an ambiguous request could name the wrong
// object.
func Ambiguity(x *exchange.Exchange, uri string) string {
	d := ambiguity{x: x, q: newRequest(x), o: Identify(x)}
	if why := d.address(uri); why != "" {
		return why
	}
	if why := d.signer(); why != "" {
		return why
	}
	if !isS3(d.o.Service) {
		return d.service()
	}
	for _, check := range []func() string{d.reserved, d.names, d.parameters, d.subresource, d.extension, d.source} {
		if why := check(); why != "" {
			return why
		}
	}
	return ""
}

type ambiguity struct {
	x *exchange.Exchange
	q *request
	o Operation
}

func (d ambiguity) address(uri string) string {
	if strings.Contains(uri, "#") {
		return `the address has a "#", where it may end for others; write it as %23`
	}
	if d.x.URL != nil {
		if _, err := url.ParseQuery(d.x.URL.RawQuery); err != nil {
			return fmt.Sprintf("the query cannot be read: %v", err)
		}
	}
	if strings.ToUpper(d.q.method) != d.q.method {
		return fmt.Sprintf("the method %q is not in capitals", d.q.method)
	}
	return ""
}

// signer checks that there is one signature.
func (d ambiguity) signer() string {
	for _, name := range []string{"Authorization", "Content-Type", "X-Amz-Security-Token", "X-Amz-Target", "X-Amz-Copy-Source"} {
		if len(d.q.header[name]) > 1 {
			return fmt.Sprintf("there are two headers %q", name)
		}
	}
	auth := d.q.header.Get("Authorization")
	if strings.Count(auth, "Credential=") > 1 {
		return "the signature names two credentials"
	}
	if auth != "" && (d.q.query.Has("X-Amz-Credential") || d.q.query.Has("AWSAccessKeyId")) {
		return "it is signed both in a header and in the query"
	}
	return ""
}

// service checks requests to other services than S3. Without a signature, a server that
// has only S3 would go by the path.
func (d ambiguity) service() string {
	if d.o.SignatureVersion == "" && d.q.path != "/" && d.q.path != "" {
		return fmt.Sprintf("it is not signed, and looks like a call to %s and like one to S3", d.o.Service)
	}
	return ""
}

// reserved checks for paths that are not a bucket here but may be one for the server.
func (d ambiguity) reserved() string {
	switch {
	case d.q.forEmulator():
		return "the path is one of an emulator, which the upstream is not known to be"
	case !d.q.host.control() && strings.HasPrefix(d.q.path, "/v20180820/") && d.q.header.Get("X-Amz-Account-Id") != "":
		return "it looks like a call to S3 Control and like one to a bucket"
	case d.o.Name == "WriteGetObjectResponse":
		return "it looks like a call to Object Lambda and like one to a bucket"
	}
	return ""
}

// names checks for buckets and keys that a server may normalize.
func (d ambiguity) names() string {
	bucket, key := d.o.Path["Bucket"], d.o.Path["Key"]
	if bucket == "" && strings.Trim(d.q.path, "/") != "" && d.o.Path != nil {
		return "the path has no bucket before its key"
	}
	if bucket == "" {
		return ""
	}
	return oddName(bucket, key)
}

// OddKey returns why a server may take a key for another one, or "".
func OddKey(key string) string { return oddName("bucket", key) }

// oddName returns what is unusual in the name of a bucket or in a key, or "".
func oddName(bucket, key string) string {
	if len(bucket) > 255 || strings.Trim(bucket, bucketLetters) != "" || strings.Trim(bucket, ".") == "" {
		return fmt.Sprintf("no bucket of a store has the name %q", bucket)
	}
	const longest = 1024 // bytes, of S3
	if len(key) > longest {
		return fmt.Sprintf("the key is longer than %d bytes", longest)
	}
	if strings.ContainsRune(key, 0) || !utf8.ValidString(key) {
		return fmt.Sprintf("the key %q is no text, and a record could not name it", key)
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(key, "/"), "/") {
		if key != "" && (part == "" || part == "." || part == "..") {
			return fmt.Sprintf("the key %q has a part %q, which stores with folders leave out", key, part)
		}
	}
	return ""
}

const bucketLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"

// parameters checks for repeated parameters, and for names that differ from a relevant
// one only in case.
func (d ambiguity) parameters() string {
	for name, values := range d.q.query {
		if len(values) > 1 {
			return fmt.Sprintf("there are two parameters %q", name)
		}
		for known := range strings.FieldsSeq(subresources + " " + details) {
			if name != known && strings.EqualFold(strings.TrimSpace(name), known) {
				return fmt.Sprintf("the parameter %q is spelled %q", name, known)
			}
		}
	}
	return ""
}

const (
	// subresources are the parameters that select another operation. A test compares
	// them with the routes.
	subresources = common + " " + rare
	common       = "accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle location " +
		"logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication requestPayment " +
		"restore retention select tagging uploadId uploads versioning versions website"
	// rare are those that other servers than AWS do not support. They would serve the
	// request without the parameter.
	rare = "abac annotation metadataConfiguration metadataInventoryTable metadataJournalTable metadataTable renameObject session torrent " +
		"metadataAnnotationTable"
	// details are parameters that occur with or without a sub-resource.
	details = "annotationName id list-type partNumber select-type versionId"
)

// subresource checks for several sub-resources, and for one that S3 does not support
// there.
func (d ambiguity) subresource() string {
	if d.o.Path["Bucket"] == "" || d.q.forStore() && d.q.method == "GET" { // MinIO has a parameter metrics, too
		return ""
	}
	var asked []string
	for name := range strings.FieldsSeq(subresources) {
		if d.q.query.Has(name) {
			asked = append(asked, name)
		}
	}
	switch {
	case len(asked) > 1:
		return fmt.Sprintf("it asks both for %q and for %q", asked[0], asked[1])
	case len(asked) == 1:
		return d.served(asked[0])
	case d.q.query.Has("partNumber") && d.q.method != "GET" && d.q.method != "HEAD":
		return "it has the number of a part and no upload"
	}
	return ""
}

// served returns why a server may not know a sub-resource and serve the request without
// it.
func (d ambiguity) served(name string) string {
	level, routes := d.o.place()
	found := routes.pick(d.q)
	if found == nil || !found.asks(name) {
		return fmt.Sprintf("S3 has no %s ?%s of %s", d.q.method, name, strings.ToLower(level))
	}
	if strings.Contains(" "+rare+" ", " "+name+" ") || name == "encryption" && level == "Object" {
		return fmt.Sprintf("stores do not know ?%s and would serve the request without it", name)
	}
	return ""
}

func (r *route) asks(name string) bool {
	for _, c := range r.conditions {
		if !c.header && c.name == name {
			return true
		}
	}
	return false
}

// extension checks for headers of MinIO that make a request affect other objects than
// the named one.
func (d ambiguity) extension() string {
	for _, name := range []string{"X-Minio-Force-Delete", "X-Amz-Meta-Snowball-Auto-Extract", "X-Amz-Meta-Minio-Snowball-Auto-Extract"} {
		if _, ok := d.q.header[name]; ok {
			return fmt.Sprintf("with the header %q it touches objects that it does not name", name)
		}
	}
	return ""
}

// source checks the object that a copy reads.
func (d ambiguity) source() string {
	values, copies := d.q.header["X-Amz-Copy-Source"]
	if !copies {
		return ""
	}
	if d.o.Name != "CopyObject" && d.o.Name != "UploadPartCopy" {
		return fmt.Sprintf("%s does not copy, and it names the source of a copy", d.o.Name)
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(values[0], "/"), "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return fmt.Sprintf("the source %q cannot be read: %v", values[0], err)
	}
	bucket, key, _ := strings.Cut(decoded, "/")
	if bucket == "" || key == "" {
		return fmt.Sprintf("the source %q is not a bucket and a key", values[0])
	}
	return oddName(bucket, key)
}
