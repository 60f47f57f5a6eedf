package sandbox_test

import "math/rand/v2"

// namedOdd are requests of which each was thought of.
func namedOdd() (all []oddRequest) {
	for _, uri := range []string{
		"//shop/a", "//shop//a", "/shop//a", "/shop/dir//b", "/shop/../other/a", "/shop/dir/../a", "/shop/./a", "/shop/%2e%2e/other/a",
		"/shop/..%2fother/a", "/shop%2fa", "/%2fshop/a", "/sh%6fp/a", "/shop/%61", "/shop/%2561", "/shop/a%00", "/shop/a#b", "/shop/a%23b", "/shop/a?#acl",
		"/shop/a?b#c", "/shop/a;acl", "/shop/a?x;acl", "/shop/a?%61cl", "/shop/a?acl", "/shop/a?acl=", "/shop/a?acl=x", "/shop/a?ACL", "/shop/a?acl&acl",
		"/shop/a?acl&tagging", "/shop/a?restore", "/shop/a?restore=1", "/shop/a?select", "/shop/a?select&select-type=2", "/shop/a?select=1&select-type=1",
		"/shop/a?renameObject", "/shop/a?renameObject=b", "/shop/a?uploads", "/shop/a?uploads=1", "/shop?uploads", "/shop?uploads=x", "/shop/a?uploadId",
		"/shop/a?uploadId=x", "/shop/a?partNumber=1", "/shop/a?uploadId=x&partNumber=1", "/shop/a?policy", "/shop?policy", "/shop/?policy", "/shop/?versioning",
		"/shop?versions", "/shop/a?versions", "/shop/a?torrent", "/shop/a?encryption", "/shop?encryption", "/shop/a?attributes", "/shop?session", "/shop?metadataTable",
		"/shop/a?tagging", "/shop?tagging", "/shop/a?retention", "/shop/a?legal-hold", "/shop/a?versionId=null", "/shop/a?versionId=", "/shop/a?versionId=1&versionId=2",
		"/shop?delete", "/shop?delete=", "/shop/?delete", "/shop/a?delete", "/shop?Delete", "/shop?list-type=2", "/shop?list-type=1&list-type=2", "/shop?location",
		"/shop/a?x-id=GetObject", "/shop/a?x-id=DeleteObject", "/shop/a?+acl", "/shop/a?acl+", "/shop/a?%zz&acl", "/shop/a?&&", "/shop/a?=acl", "/shop/a?", "/shop?",
		"/shop/", "/shop", "/", "//", "/shop/a/", "/shop/dir/", "/shop/dir", "/shop/new/", "/shop/new/c", "/shop/%e2%82%ac", "/shop/€", "/shop/a%20b", "/shop/a+b", "/shop/a%2Bb",
		"/shop/a\\b", `/shop/..\dir\b`, "/shop/%c0%ae%c0%ae/other/a", "/moto-api/a", "/moto-api", "/minio/admin/v3/c", "/minio/a", "/v20180820/a", "/v20180820/tags/a",
		"/WriteGetObjectResponse", "/_localstack/health", "/create-user", "/list-users", "/shop/create", "/SHOP/a", "http://elsewhere/shop/a", "http://other.localhost/shop/a",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
			all = append(all, oddRequest{method: method, uri: uri})
		}
	}
	for _, header := range [][]string{
		{"x-amz-copy-source: /other/a"}, {"x-amz-copy-source: other/a"}, {"x-amz-copy-source: other%2Fa"}, {"x-amz-copy-source: shop/../other/a"},
		{"x-amz-copy-source: //other/a"}, {"x-amz-copy-source: other//a"}, {"x-amz-copy-source: "}, {"x-amz-copy-source: other/a?versionId=null"},
		{"x-amz-copy-source: other/a?acl"}, {"x-amz-copy-source: other"}, {"x-amz-copy-source: other/a", "x-amz-copy-source: other/dir/b"},
		{"X-Minio-Force-Delete: true"}, {"x-amz-meta-snowball-auto-extract: true"}, {"X-Amz-Target: DynamoDB_20120810.PutItem"}, {"X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging"},
		{"X-Amz-Account-Id: 1"}, {"X-Amz-Request-Route: a"}, {"X-Amzn-Query-Mode: true"}, {"X-HTTP-Method-Override: DELETE"}, {"X-Forwarded-Host: other.s3.amazonaws.com"},
		{"X-Original-Url: /other/a"}, {"X-Rewrite-Url: /other/a"}, {"Host: localhost"}, {"Host: LOCALHOST."}, {"Host: other.localhost"}, {"Host: other.s3.localhost"}, {"Host: 127.0.0.1:1"},
		{"Content-Type: application/x-www-form-urlencoded"}, {"Smithy-Protocol: rpc-v2-cbor"},
	} {
		for _, uri := range []string{"/shop/a", "/shop", "/v20180820/configuration/publicAccessBlock", "/WriteGetObjectResponse", "/service/A/operation/B"} {
			for _, method := range []string{"PUT", "GET", "DELETE"} {
				all = append(all, oddRequest{method: method, uri: uri, header: header})
			}
		}
	}
	for _, method := range []string{"put", "delete", "PATCH", "OPTIONS", "TRACE", "LINK", "PURGE"} {
		all = append(all, oddRequest{method: method, uri: "/shop/a"})
	}
	for i := range all {
		if all[i].method == "PUT" || all[i].method == "POST" || all[i].method == "put" {
			all[i].body = "x"
		}
	}
	for _, body := range []string{
		`<Delete><Object><Key>a</Key></Object><Object><Key>dir/b</Key></Object></Delete>`, `<Delete><Object><Key>dir//b</Key></Object></Delete>`,
		`<Delete><Object><Key>dir/../a</Key></Object></Delete>`, `<Delete><Object><Key>../other/a</Key></Object></Delete>`, `<Delete><Object><Key>a</Key><Key>dir/b</Key></Object></Delete>`,
		`<delete><Object><Key>a</Key></Object></delete>`, `<Delete><Object><Key>/a</Key></Object></Delete>`,
	} {
		all = append(all, oddRequest{method: "POST", uri: "/shop?delete", body: body})
	}
	return all
}

// madeOdd puts a request together.
func madeOdd(random *rand.Rand) oddRequest {
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	r := oddRequest{method: pick("GET", "GET", "PUT", "PUT", "DELETE", "HEAD", "POST"), body: ""}
	r.uri = pick("/", "/", "/", "//", "/./", "/../") + pick("shop", "shop", "other", "sh%6fp", "shop%2f", "shop%20", "moto-api") +
		pick("", "/", "/", "/", "//", "/./", "/../", "/../other/", "%2f") + pick("a", "a", "dir/b", "dir//b", "dir/../a", "dir/%2e%2e/a", "%61", "", "new", "a/", "a%2f", "%2fa", "a#", "a%3facl")
	for i := range random.IntN(4) {
		r.uri += map[bool]string{true: "?", false: pick("&", "&", "&", ";", "&&")}[i == 0]
		r.uri += pick("acl", "tagging", "uploads", "uploadId", "partNumber", "restore", "select", "renameObject", "versions", "versionId", "delete", "policy", "cors", "torrent",
			"x-id", "list-type", "select-type", "ACL", "%61cl", "Tagging", "retention", "legal-hold", "attributes", "encryption", "prefix", "response-content-type", "%zz", "") +
			pick("", "", "=", "=1", "=2", "=%20", "=a/b", "=x=y")
	}
	if random.IntN(5) == 0 {
		r.header = append(r.header, "x-amz-copy-source: "+pick("", "/", "//")+pick("other", "shop", "..")+pick("/", "//", "%2f", "/../")+pick("a", "dir/b", "a?versionId=null", "a?acl"))
	}
	if r.method == "PUT" || r.method == "POST" {
		r.body = pick("", "x", "<Delete><Object><Key>a</Key></Object></Delete>", "<Tagging><TagSet/></Tagging>", `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`)
	}
	return r
}
