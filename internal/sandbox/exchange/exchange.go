// Package exchange holds one request to an AWS endpoint with its answer, as a proxy captured them.
package exchange

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"time"
)

// Exchange is a request with its answer. Bodies are kept up to a limit, so that objects
// of any size can be forwarded. A body that is not whole must not be decoded.
type Exchange struct {
	// Arrived is when the request came in, by the sandbox's clock.
	Arrived time.Time

	Method string
	URL    *url.URL // path and query, as the client wrote them
	Host   string
	Header http.Header
	// RemoteIP is the client's address without the port.
	RemoteIP string
	TLS      *tls.ConnectionState // nil without TLS
	Request  Body

	Status         int
	ResponseHeader http.Header
	Response       Body

	// Failed says that no call took place: the upstream was not reached, or the request
	// was incomplete. Status is the one sent to the client.
	Failed bool
}

// Body is the bytes of a request or an answer.
type Body struct {
	// Bytes is the body, decompressed from gzip, whatever the headers say. It is nil if
	// the body was too long to keep, or its start in an upload from a form.
	Bytes []byte
	// Size is the size of the body as it was transferred, in bytes.
	Size int64
	// Whole says that Bytes is the complete body.
	Whole bool
}
