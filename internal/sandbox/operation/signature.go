package operation

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// signature is the signer of a request, and the service it is for.
type signature struct {
	service, region  string
	accessKey, token string
	version          string // SigV2, SigV4
	method           string // AuthHeader, QueryString
}

// readSignature reads the signer from a request. The signature is not verified here;
// the upstream may verify it.
func readSignature(header http.Header, query url.Values, form formBody) signature {
	s := signature{token: firstOf(header.Get("X-Amz-Security-Token"), query.Get("X-Amz-Security-Token"), header.Get("X-Amz-S3session-Token"))}
	auth := header.Get("Authorization")
	switch {
	case strings.HasPrefix(auth, "AWS4-"):
		_, rest, _ := strings.Cut(auth, "Credential=")
		scope, _, _ := strings.Cut(rest, ",")
		s.version, s.method = "SigV4", "AuthHeader"
		s.readScope(scope, header.Get("X-Amz-Region-Set"))
	case strings.HasPrefix(auth, "AWS "):
		key, _, _ := strings.Cut(auth[len("AWS "):], ":")
		s.accessKey, s.version, s.method = key, "SigV2", "AuthHeader"
	case query.Has("X-Amz-Credential"):
		s.version, s.method = "SigV4", "QueryString"
		s.readScope(query.Get("X-Amz-Credential"), query.Get("X-Amz-Region-Set"))
	case query.Has("AWSAccessKeyId"):
		s.accessKey, s.version, s.method = query.Get("AWSAccessKeyId"), "SigV2", "QueryString"
		s.token = firstOf(s.token, query.Get("SecurityToken"), query.Get("x-amz-security-token"))
	case form.get("AWSAccessKeyId") != "":
		s.accessKey, s.version, s.method = form.get("AWSAccessKeyId"), "SigV2", "QueryString"
		s.token = firstOf(s.token, form.get("SecurityToken"))
	}
	return s
}

// readScope parses KEY/DATE/REGION/SERVICE/aws4_request. SigV4A omits the Region and
// has a separate list of Regions. Keys of MinIO may contain slashes.
func (s *signature) readScope(scope, regions string) {
	parts := strings.Split(strings.TrimSpace(scope), "/")
	last := len(parts) - 1
	if last < 3 || parts[last] != "aws4_request" {
		s.accessKey = parts[0]
		return
	}
	s.service = parts[last-1]
	key := last - 2
	if isDate(parts[last-2]) {
		region, _, _ := strings.Cut(regions, ",")
		s.region = strings.TrimSpace(region)
	} else {
		s.region = parts[last-2]
		key--
	}
	s.accessKey = strings.Join(parts[:key], "/")
	if !isName(s.service) {
		s.service = ""
	}
	if !isName(s.region) {
		s.region = ""
	}
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func isDate(text string) bool {
	return len(text) == 8 && strings.Trim(text, "0123456789") == ""
}

// maxName is longer than any operation, service or Region.
const maxName = 96

// isName reports whether a client's text is a valid name of an operation, service or
// Region.
func isName(text string) bool {
	if text == "" || len(text) > maxName {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// formBody is an application/x-www-form-urlencoded body. It is searched without
// parsing, because a body may be large and only a few names matter.
type formBody []byte

func (f formBody) get(name string) string {
	for field := range bytes.SplitSeq(f, []byte("&")) {
		key, value, _ := bytes.Cut(field, []byte("="))
		if string(key) == name {
			decoded, err := url.QueryUnescape(string(value))
			if err != nil {
				return string(value)
			}
			return decoded
		}
	}
	return ""
}
