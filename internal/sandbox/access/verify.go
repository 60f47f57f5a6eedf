package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// unsigned is the X-Amz-Content-Sha256 of a body that the signature does not cover.
const unsigned = "UNSIGNED-PAYLOAD"

// Check checks what it can of a request before the body is read; verify then checks
// the signature with the body. Also are more pairs of keys to accept; nil ones are
// skipped. Errors are of type *Refusal.
func (a *Admin) Check(r *http.Request, now time.Time, also ...*Admin) (verify func(body []byte) error, err error) {
	c, err := readClaim(r)
	if err != nil {
		return nil, err
	}
	signer := a
	for _, other := range also {
		if other != nil && other.AccessKey == c.accessKey {
			signer = other
		}
	}
	token := r.Header.Get("X-Amz-Security-Token") != "" || r.URL.Query().Has("X-Amz-Security-Token")
	if token || !hmac.Equal([]byte(c.accessKey), []byte(signer.AccessKey)) {
		return nil, refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if c.service != Service || c.ending != "aws4_request" {
		return nil, refuse("InvalidSignatureException", "Credential should be scoped to correct service: '%s'.", Service)
	}
	if err := c.timely(now); err != nil {
		return nil, err
	}
	if err := c.covers(r); err != nil {
		return nil, err
	}
	if r.Header.Get("X-Amz-Content-Sha256") == unsigned {
		return nil, refuse("InvalidSignatureException", "The signature must cover the body: %s is not taken here.", unsigned)
	}
	return func(body []byte) error { return signer.verify(r, c, body) }, nil
}

func (a *Admin) verify(r *http.Request, c *claim, body []byte) error {
	expected, err := a.expected(r, c, body)
	if err != nil {
		return refuse("InvalidSignatureException", "The signature cannot be checked: %v.", err)
	}
	if !hmac.Equal([]byte(expected), []byte(c.signature)) {
		return refuse("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}

// expected signs the part of the request that the claim says is signed.
func (a *Admin) expected(r *http.Request, c *claim, body []byte) (string, error) {
	address := *r.URL
	part := &http.Request{Method: r.Method, URL: &address, Host: r.Host, Header: http.Header{}}
	for _, name := range c.headers {
		switch name {
		case "host": // signed anyway
		case "content-length":
			part.ContentLength = int64(len(body))
		default:
			if values := r.Header.Values(name); len(values) > 0 {
				part.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values) // the signer writes into it
			}
		}
	}
	signer, hash := v4.NewSigner(), hashOf(body)
	if !c.presigned {
		if err := signer.SignHTTP(context.Background(), a.credentials(), part, hash, c.service, c.region, c.at); err != nil {
			return "", err
		}
		_, fields := splitAuthorization(part.Header.Get("Authorization"))
		return fields["Signature"], nil
	}
	query := address.Query()
	query.Del("X-Amz-Signature")
	address.RawQuery = query.Encode()
	signed, _, err := signer.PresignHTTP(context.Background(), a.credentials(), part, hash, c.service, c.region, c.at,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if err != nil {
		return "", err
	}
	_, rawQuery, _ := strings.Cut(signed, "?")
	again, err := url.ParseQuery(rawQuery)
	return again.Get("X-Amz-Signature"), err
}

// Sign signs a request of ours to the control API or to CloudTrail.
func (a *Admin) Sign(r *http.Request, body []byte, now time.Time) error {
	return v4.NewSigner().SignHTTP(r.Context(), a.credentials(), r, hashOf(body), Service, "us-east-1", now)
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
