package access

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	// Service is the one in the scope of signatures, for the control API as well.
	Service = "cloudtrail"
	// dateForm is the one of X-Amz-Date.
	dateForm = "20060102T150405Z"
	// skew is how far a signature's time may be from ours, and how long it holds
	// unless it says more.
	skew = 15 * time.Minute
	// maxExpiry is how long a presigned request may hold at most.
	maxExpiry = 7 * 24 * time.Hour
)

// Refusal is why a request is refused, in the words of AWS's JSON services.
type Refusal struct{ Code, Message string }

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

func refuse(code, format string, args ...any) error {
	return &Refusal{code, fmt.Sprintf(format, args...)}
}

// claim is what a request says of its signature.
type claim struct {
	presigned       bool
	accessKey       string
	day, region     string
	service, ending string
	headers         []string // that are signed, in lower case
	signature       string
	date            string
	at              time.Time
	holds           time.Duration
}

// readClaim reads the signature in the header or in the query.
func readClaim(r *http.Request) (*claim, error) {
	query := r.URL.Query()
	authorization := r.Header.Get("Authorization")
	c, scope := &claim{holds: skew}, ""
	switch {
	case authorization != "":
		kind, fields := splitAuthorization(authorization)
		if kind != algorithm {
			return nil, refuse("IncompleteSignatureException", "The signature is not one of %s.", algorithm)
		}
		c.date, c.signature, scope = r.Header.Get("X-Amz-Date"), fields["Signature"], fields["Credential"]
		c.headers = strings.Split(fields["SignedHeaders"], ";")
	case query.Has("X-Amz-Signature") || query.Has("X-Amz-Algorithm"):
		if query.Get("X-Amz-Algorithm") != algorithm {
			return nil, refuse("IncompleteSignatureException", "The signature is not one of %s.", algorithm)
		}
		c.presigned = true
		c.date, c.signature, scope = query.Get("X-Amz-Date"), query.Get("X-Amz-Signature"), query.Get("X-Amz-Credential")
		c.headers = strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
		if err := c.readExpiry(query); err != nil {
			return nil, err
		}
	default:
		return nil, refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	return c, c.complete(scope)
}

// complete reads the scope, KEY/DAY/REGION/SERVICE/aws4_request, and the date.
func (c *claim) complete(scope string) error {
	parts := strings.Split(scope, "/")
	if len(parts) != 5 || c.signature == "" || c.headers[0] == "" || c.date == "" {
		return refuse("IncompleteSignatureException", "A signature needs Credential with a scope, Signature, SignedHeaders and X-Amz-Date.")
	}
	c.accessKey, c.day, c.region, c.service, c.ending = parts[0], parts[1], parts[2], parts[3], parts[4]
	var err error
	if c.at, err = time.Parse(dateForm, c.date); err != nil {
		return refuse("IncompleteSignatureException", "X-Amz-Date is not of the form YYYYMMDDTHHMMSSZ.")
	}
	return nil
}

func (c *claim) readExpiry(query url.Values) error {
	if !query.Has("X-Amz-Expires") {
		return nil
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || seconds < 0 || seconds > int(maxExpiry/time.Second) {
		return refuse("IncompleteSignatureException", "X-Amz-Expires is not a number of seconds up to %d.", int(maxExpiry/time.Second))
	}
	c.holds = time.Duration(seconds) * time.Second
	return nil
}

// splitAuthorization splits ALGORITHM NAME=VALUE, NAME=VALUE ...
func splitAuthorization(text string) (kind string, fields map[string]string) {
	kind, rest, _ := strings.Cut(text, " ")
	fields = map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	return kind, fields
}

// timely refuses what was signed too long ago or is not valid yet.
func (c *claim) timely(now time.Time) error {
	now = now.UTC()
	if c.day != c.date[:8] {
		return refuse("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", c.day, c.date[:8], c.date)
	}
	if now.Sub(c.at) > c.holds {
		return refuse("InvalidSignatureException", "Signature expired: %s is now earlier than %s (%s - %s.)", c.date,
			now.Add(-c.holds).Format(dateForm), now.Format(dateForm), minutes(c.holds))
	}
	if c.at.Sub(now) > skew {
		return refuse("InvalidSignatureException", "Signature not yet current: %s is still later than %s (%s + %s.)", c.date,
			now.Add(skew).Format(dateForm), now.Format(dateForm), minutes(skew))
	}
	return nil
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d/time.Minute)) + " min" }

// covers refuses a signature that leaves out what decides over the request: the host
// and each header of AWS's own, such as X-Amz-Target.
func (c *claim) covers(r *http.Request) error {
	if !slices.Contains(c.headers, "host") {
		return refuse("InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !slices.Contains(c.headers, strings.ToLower(name)) {
			return refuse("InvalidSignatureException", "'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	return nil
}
