package operation

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// A sub-resource that a new model brings must be known here.
func TestSubresourcesAreThoseOfTheRoutes(t *testing.T) {
	bucket := known().services["s3"].routes.labels[0].next
	seen := map[string]bool{}
	for _, place := range []*segment{bucket, bucket.labels[0].next} {
		for _, r := range place.routes {
			for _, c := range r.conditions {
				if !c.header {
					seen[c.name] = true
				}
			}
		}
	}
	listed := map[string]bool{"versionId": true} // no route has it
	for name := range strings.FieldsSeq(subresources + " " + details) {
		listed[name] = true
		if !seen[name] && name != "versionId" {
			t.Errorf("no route has %q", name)
		}
	}
	for name := range seen {
		if !listed[name] {
			t.Errorf("%q is missing", name)
		}
	}
}

const signed = "Authorization: AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"

func TestAmbiguity(t *testing.T) {
	for line, ambiguous := range map[string]bool{
		"GET /": false, "GET /shop": false, "GET /shop/": false, "PUT /shop": false, "GET /shop?list-type=2&prefix=a": false,
		"GET /shop/a/b": false, "PUT /shop/a/": false, "PUT /shop/a%20%23?x-id=PutObject": false, "GET /shop/a?versionId=1": false,
		"PUT /shop/a?acl": false, "PUT /shop/a?acl=": false, "GET /shop/a?partNumber=1": false, "PUT /shop/a?partNumber=1&uploadId=2": false,
		"POST /shop/a?select&select-type=2": false, "POST /shop/a?restore": false, "GET /shop?analytics&id=a": false, "POST /shop?delete": false,
		"OPTIONS /shop/a": false, "PATCH /create-user": false, "GET /minio/health/live": false, "GET /minio/admin/v3/info?metrics=false": false,
		"GET /shop?uploads&prefix=a/../b//": false, "GET /shop/a?%61cl": false,
		"PUT /shop/a X-Amz-Copy-Source: /shop/b%20c?versionId=1": false, "PUT /shop/a?uploadId=1&partNumber=1 X-Amz-Copy-Source: shop/b": false,
		"POST /topic X-Amz-Target: A.B " + signed: false,

		"GET //shop/a": true, "GET /shop//a": true, "GET /shop/a//b": true, "GET /shop/a//": true, "GET /shop//": true,
		"GET /shop/../other/a": true, "GET /shop/./a": true, "GET /shop/%2e%2e/other/a": true, "GET /shop/a/..": true, "GET /shop/..": true,
		"GET /shop%2Fa": true, "GET /../a": true, "GET /./shop": true, "GET /%2e%2e/shop/a": true, "GET /shop/a%00": true, "GET /shop/%c0%ae": true,
		"GET /sh%20op/a": true, "GET /shop/a#b": true, "GET /shop/a?acl#b": true, "put /shop/a": true,
		"PUT /shop/a?ACL": true, "PUT /shop/a?Acl=": true, "PUT /shop/a?acl&tagging": true, "PUT /shop/a?acl&acl": true, "GET /shop/a?versionId=1&versionId=2": true,
		"DELETE /shop/a?acl": true, "PUT /shop/a?restore": true, "PUT /shop/a?policy": true, "GET /shop/a?versions": true, "HEAD /shop/a?acl": true,
		"PUT /shop/a?renameObject": true, "GET /shop/a?torrent": true, "GET /shop?session": true, "PUT /shop/a?encryption": true,
		"PUT /shop/a?uploadId=1": true, "PUT /shop/a?partNumber=1": true, "POST /shop/a?select": true, "PUT /shop/a?%20acl": true,
		"PUT /shop/a?a;acl": true, "PUT /shop/a?%zz": true,
		"PUT /moto-api/a": true, "GET /_localstack/health": true, "PUT /v20180820/a X-Amz-Account-Id: 1": true, "POST /WriteGetObjectResponse X-Amz-Request-Route: a": true,
		"PUT /shop/a X-Amz-Target: DynamoDB_20120810.PutItem": true, "GET /shop/a?Version=2011-06-15": true,
		"PUT /shop/a X-Amz-Copy-Source: ": true, "PUT /shop/a X-Amz-Copy-Source: shop": true, "PUT /shop/a X-Amz-Copy-Source: shop/x/../b": true,
		"PUT /shop/a X-Amz-Copy-Source: //shop/b": true, "PUT /shop/a X-Amz-Copy-Source: shop/%zz": true, "GET /shop/a X-Amz-Copy-Source: shop/b": true,
		"PUT /shop/a X-Amz-Copy-Source: arn:aws:s3:us-east-1:1:accesspoint/x/object/a": true,
		"DELETE /shop/a X-Minio-Force-Delete: true":                                    true,
		"GET /shop/a?X-Amz-Credential=K " + signed:                                     true,
	} {
		method, rest, _ := strings.Cut(line, " ")
		uri, headers, _ := strings.Cut(rest, " ")
		address, err := url.ParseRequestURI(strings.ReplaceAll(uri, "#", "%23"))
		if err != nil {
			t.Fatal(err)
		}
		x := &exchange.Exchange{Method: method, Host: "127.0.0.1:4580", URL: address, Header: http.Header{}}
		headers, authorization, found := strings.Cut(headers, "Authorization: ")
		if found {
			x.Header.Set("Authorization", authorization)
		}
		if name, value, ok := strings.Cut(headers, ":"); ok {
			x.Header.Set(name, strings.TrimSpace(value))
		}
		if why := Ambiguity(x, uri); (why != "") != ambiguous {
			t.Errorf("%s: %q", line, why)
		}
	}
}
