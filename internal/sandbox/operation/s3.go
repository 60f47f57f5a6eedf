package operation

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// isS3 reports whether a service has S3's routes.
func isS3(service string) bool {
	switch service {
	case "s3", "s3express", "s3-object-lambda", "s3-outposts":
		return true
	}
	return false
}

// identifyS3 finds an operation of S3 by the method, the bucket and key in path and
// host, and the sub-resource in the query.
func (o *Operation) identifyS3(x *exchange.Exchange, q *request) {
	o.Protocol = RESTXML
	if o.identifyS3Control(q) {
		return
	}
	if q.header.Get("X-Amz-Request-Route") != "" && q.path == "/WriteGetObjectResponse" {
		o.Name, o.Certain = "WriteGetObjectResponse", true
		return
	}
	if q.forEmulator() {
		o.fallBack(q)
		return
	}
	bucket, key := q.host.bucket(), strings.TrimPrefix(q.path, "/")
	if bucket == "" {
		bucket, key, _ = strings.Cut(key, "/")
		bucket = unescape(bucket)
	}
	key = unescape(key)
	o.Path = map[string]string{}
	if bucket != "" {
		o.Path["Bucket"] = bucket
	}
	if key != "" {
		o.Path["Key"] = key
	}
	if q.forStore() && answeredByMinIO(x) {
		named := o.Path
		o.fallBack(q)
		o.Path = named
		return
	}
	o.nameS3(x, q)
}

// identifyS3Control handles requests about an account instead of a bucket.
func (o *Operation) identifyS3Control(q *request) bool {
	if !q.host.control() && q.header.Get("X-Amz-Account-Id") == "" {
		return false
	}
	if !strings.HasPrefix(q.path, "/v20180820/") {
		return false
	}
	o.Name, o.Path = known().services["s3"].routes.find(q)
	if o.Certain = o.Name != ""; !o.Certain {
		o.fallBack(q)
	}
	// S3 has operations of this name too; CloudTrail's names differ.
	o.EventName = strings.Replace(o.Name, "PublicAccessBlock", "AccountPublicAccessBlock", 1)
	return true
}

// forStore reports whether a path belongs to a server's administration API on the same
// port. MinIO reserves the bucket minio for it.
func (q *request) forStore() bool {
	return q.below("/minio/admin/", "/minio/health/", "/minio/kms/", "/minio/metrics/", "/minio/v2/metrics/")
}

// answeredByMinIO reports whether an answer is MinIO's, or is not there yet. For other
// servers minio is an ordinary bucket.
func answeredByMinIO(x *exchange.Exchange) bool {
	return x.ResponseHeader == nil || strings.HasPrefix(x.ResponseHeader.Get("Server"), "MinIO")
}

// forEmulator reports whether a path is an emulator's own and not of AWS's API: moto's,
// and others that cannot be a bucket, such as /_localstack.
func (q *request) forEmulator() bool {
	return q.below("/moto-api/", "/_")
}

func (q *request) below(prefixes ...string) bool {
	starts := func(prefix string) bool { return strings.HasPrefix(q.path, prefix) }
	return slices.ContainsFunc(prefixes, starts) && q.host.bucket() == ""
}

func (o *Operation) nameS3(x *exchange.Exchange, q *request) {
	level, place := o.place()
	found, asked := place.pick(q), place.subresource(q)
	switch {
	case found != nil && (len(found.conditions) > 0 || asked == ""):
		o.Name, o.Certain = found.operation, true
	case q.method == "POST" && level == "Bucket" && asked == "" && o.readPostedForm(x):
		o.Name, o.Certain = "PostObject", true
	default:
		// For example DELETE ?acl: however the server handles it, it is not
		// DeleteBucket.
		o.Name = title(q.method) + level + title(asked)
	}
	if o.Name == "ListBuckets" && o.Service == "s3express" {
		o.Name = "ListDirectoryBuckets"
	}
}

// place returns the level, service, bucket or object, that the path of a request to S3
// names, and its routes.
func (o *Operation) place() (level string, routes *segment) {
	service := &known().services["s3"].routes
	switch bucket := service.labels[0].next; {
	case o.Path["Bucket"] == "":
		return "Service", service.literals[""]
	case o.Path["Key"] == "":
		return "Bucket", bucket
	default:
		return "Object", bucket.labels[0].next
	}
}

// subresource returns the first query parameter that selects a route of the level, or
// "".
func (s *segment) subresource(q *request) string {
	for _, r := range s.routes {
		for _, c := range r.conditions {
			if !c.header && c.value == "" && c.name != "id" && c.name != "partNumber" && q.query.Has(c.name) {
				return c.name
			}
		}
	}
	return ""
}

// readPostedForm reads the fields before the file of a browser upload: the key, and the
// signer of the policy.
func (o *Operation) readPostedForm(x *exchange.Exchange) bool {
	kind, parameters, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return false
	}
	form := multipart.NewReader(bytes.NewReader(x.Request.Bytes), parameters["boundary"])
	const maxField, maxFields = 8 << 10, 100_000 // more do not fit into the captured part of a body
	for range maxFields {
		part, err := form.NextRawPart()
		if err != nil {
			break
		}
		name := strings.ToLower(part.FormName())
		if name == "file" {
			break
		}
		value, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			break
		}
		o.takeField(name, string(value))
	}
	return true
}

func (o *Operation) takeField(name, value string) {
	switch name {
	case "key":
		if value != "" {
			o.Path["Key"] = value
		}
	case "x-amz-credential":
		var s signature
		s.readScope(value, "")
		o.AccessKey, o.Region, o.SignatureVersion = s.accessKey, firstOf(s.region, o.Region), "SigV4"
	case "awsaccesskeyid":
		o.AccessKey, o.SignatureVersion = value, "SigV2"
	case "x-amz-security-token":
		o.SessionToken = value
	}
}
