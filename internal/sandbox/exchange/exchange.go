// Package exchange is one request to an AWS endpoint with its answer, as a proxy saw both pass.
package exchange

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"time"
)

// Exchange is what passed. Bodies are kept up to a limit, so that an object of
// any size can pass; what was not kept whole must not be read as if it were.
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

	// Failed says that no call took place: the upstream was not reached, or the
	// request never came to its end. Status is what the client was told.
	Failed bool
}

// Body is the bytes of a request or an answer.
type Body struct {
	// Bytes is the body without gzip, or nothing when it was too long to keep.
	Bytes []byte
	// Size is how many bytes passed, packed or not.
	Size int64
	// Whole says that Bytes is all of the body.
	Whole bool
}
