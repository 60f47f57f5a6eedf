package proxy

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Refuse answers a request with an error, in the protocol that the client speaks,
// instead of forwarding it. It is recorded as a call that failed with this error.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	refuse(w, r, status, code, message)
}

// refuse answers with an error in the protocol that the client speaks, so that an
// AWS SDK shows the message.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	h := w.Header()
	clear(h)
	var body []byte
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
		h.Set("Content-Type", "application/cbor")
		body, _ = cbor.Marshal(jsonError{code, message}) // strings always marshal
	case r.Header.Get("X-Amz-Target") != "" || speaksJSON(r):
		h.Set("X-Amzn-Errortype", code)
		h.Set("Content-Type", "application/json")
		body, _ = json.Marshal(jsonError{code, message})
	default:
		h.Set("Content-Type", "text/xml")
		var answer any = xmlError{Code: code, Message: message}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			answer = queryError{Error: xmlError{Code: code, Message: message}}
		}
		body, _ = xml.Marshal(answer)
		body = append([]byte(xml.Header), body...)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // fails if the client hung up
	}
}

type jsonError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

type xmlError struct {
	XMLName struct{} `xml:"Error"`
	Code    string
	Message string
}

type queryError struct {
	XMLName struct{} `xml:"ErrorResponse"`
	Error   xmlError
}

// speaksJSON reports whether a REST request is for a service with JSON rather than
// XML, by the service it is signed for. Requests without a signature are for S3.
func speaksJSON(r *http.Request) bool {
	scope := r.Header.Get("Authorization")
	if scope == "" {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	// ... Credential=KEY/DATE/REGION/SERVICE/aws4_request ...
	before, _, signed := strings.Cut(scope, "/aws4_request")
	service := before[strings.LastIndexByte(before, '/')+1:]
	switch service {
	case "s3", "s3express", "route53", "cloudfront":
		return false
	}
	return signed && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}
