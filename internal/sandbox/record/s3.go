package record

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// s3Parameters returns the parameters of a call to S3: bucket and key, the query
// unchanged, headers that affect the operation, and the XML document.
func (c *call) s3Parameters(body []byte) tree {
	members := object{}
	members.addText("bucketName", c.op.Path["Bucket"])
	members.addText("Host", c.x.Host)
	members.addText("key", c.op.Path["Key"])
	values, _ := url.ParseQuery(c.query()) // of a malformed query, the valid part
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !s3Credential(name) {
			members.add(name, values.Get(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.x.Header)) {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && s3Header(lower[len("x-amz-"):]) {
			value := strings.Join(c.x.Header[name], ",")
			if strings.HasSuffix(lower, "-encryption-context") {
				value = hidden
			}
			members.add(lower, value)
		}
	}
	return append(members, c.s3Document(body)...).unique()
}

// s3Credential reports whether a parameter of a presigned URL is a credential.
func s3Credential(name string) bool {
	switch strings.ToLower(name) {
	case "x-amz-signature", "x-amz-credential", "x-amz-security-token", "signature", "awsaccesskeyid":
		return true
	}
	return strings.Contains(strings.ToLower(name), "customer-key")
}

// s3Header reports whether a header, named without x-amz-, is a parameter.
func s3Header(name string) bool {
	if strings.Contains(name, "customer-key") {
		return false
	}
	for _, start := range []string{
		"acl", "grant-", "storage-class", "server-side-encryption", "copy-source", "tagging", "metadata-directive",
		"website-redirect-location", "object-lock-", "bucket-object-lock-", "object-ownership", "bypass-governance-retention",
		"request-payer", "expected-bucket-owner", "source-expected-bucket-owner",
	} {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// s3Document returns the body if it is a configuration, not the content of an object.
func (c *call) s3Document(body []byte) object {
	if len(body) == 0 || c.op.Category == operation.Data && !strings.HasSuffix(c.op.Name, "Acl") {
		return nil
	}
	if c.op.Name == "PutBucketPolicy" {
		policy, ok := decodeJSON(body).(object)
		if !ok {
			policy = object{}
		}
		return object{{"bucketPolicy", policy}}
	}
	root := decodeXML(body)
	if root == nil {
		return nil
	}
	s := speller{op: c.op, asIs: true, secrets: c.secrets}
	document, _ := s.spell(object{{root.name, root.literal()}}).(object)
	return document
}

// s3Additional returns additionalEventData, of which S3 has more than other services.
func (c *call) s3Additional() tree {
	members := object{}
	members.addText("SignatureVersion", c.op.SignatureVersion)
	if c.x.TLS != nil {
		members.add("CipherSuite", cipherSuite(c.x.TLS))
	}
	members.add("bytesTransferredIn", c.s3Received())
	members.addText("SSEApplied", c.sseApplied())
	members.addText("AuthenticationMethod", c.op.AuthenticationMethod)
	members.addText("x-amz-id-2", cut(c.x.ResponseHeader.Get("X-Amz-Id-2"), maxText))
	members.add("bytesTransferredOut", decimal(int(c.x.Response.Size)))
	return members
}

// s3Received returns the bytes received, without the framing of signed chunks.
func (c *call) s3Received() number {
	if decoded := c.x.Header.Get("X-Amz-Decoded-Content-Length"); len(decoded) < 18 && isNumber(decoded) {
		return number(decoded)
	}
	return decimal(int(c.x.Request.Size))
}

// sseApplied returns how a new object was encrypted, and whether by the bucket default.
func (c *call) sseApplied() string {
	const header = "X-Amz-Server-Side-Encryption"
	switch c.op.Name {
	case "PutObject", "CopyObject", "CreateMultipartUpload":
	default:
		return ""
	}
	if c.x.Header.Get(header+"-Customer-Algorithm") != "" {
		return "SSE_C"
	}
	asked := "Default_"
	if c.x.Header.Get(header) != "" {
		asked = ""
	}
	switch c.x.ResponseHeader.Get(header) {
	case "AES256":
		return asked + "SSE_S3"
	case "aws:kms":
		return asked + "SSE_KMS"
	case "aws:kms:dsse":
		return asked + "DSSE_KMS"
	}
	return ""
}
