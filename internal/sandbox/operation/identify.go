package operation

import (
	"net/url"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// defaultRegion is the Region of a request that does not specify one.
const defaultRegion = "us-east-1"

// Identify returns the operation of an exchange's request. It never fails: for an
// unknown request Certain is false and the name is made of the method and the path.
func Identify(x *exchange.Exchange) Operation {
	q := newRequest(x)
	var form formBody
	if isForm(x) {
		form = x.Request.Bytes
	}

	s := readSignature(x.Header, q.query, form)
	o := Operation{
		Service: s.service, Region: firstOf(s.region, q.host.region(), defaultRegion),
		AccessKey: s.accessKey, SessionToken: s.token,
		SignatureVersion: s.version, AuthenticationMethod: s.method,
	}
	if o.Service == "" {
		o.Service = guessService(q, form)
	}
	o.identify(x, q, form)
	o.spell(q, form)
	return o
}

func newRequest(x *exchange.Exchange) *request {
	address := x.URL
	if address == nil {
		address = &url.URL{}
	}
	return &request{method: x.Method, host: parseHost(x.Host), path: address.EscapedPath(), query: address.Query(), header: x.Header}
}

func isForm(x *exchange.Exchange) bool {
	return x.Method == "POST" && strings.HasPrefix(x.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// identify finds the operation's name, depending on the protocol.
func (o *Operation) identify(x *exchange.Exchange, q *request, form formBody) {
	s := known().services[o.Service]
	if isS3(o.Service) {
		if s.rest() == RESTJSON { // S3 on Outposts also has its own operations
			if o.identifyREST(s, q); o.Certain {
				return
			}
		}
		o.identifyS3(x, q)
		return
	}
	if o.identifyNamed(s, q, form) {
		return
	}
	if s.rest() != Unknown {
		o.identifyREST(s, q)
	}
	if !o.Certain {
		o.fallBack(q)
	}
}

// identifyNamed handles requests that contain the operation's name.
func (o *Operation) identifyNamed(s *service, q *request, form formBody) bool {
	_, name := cutTarget(q.header.Get("X-Amz-Target"))
	protocol := JSON
	if name == "" {
		_, name = cutCBOR(q.path)
		protocol = CBOR
	}
	if name == "" && (s == nil || s.query() != Unknown) {
		name = firstOf(q.query.Get("Action"), form.get("Action"))
		protocol = Query
		if s.speaks(EC2) {
			protocol = EC2
		}
	}
	if !isName(name) {
		return false
	}
	o.Name, o.Protocol, o.Certain = name, protocol, true
	return true
}

func (o *Operation) identifyREST(s *service, q *request) {
	o.Protocol = s.rest()
	o.Name, o.Path = s.routes.find(q)
	o.Certain = o.Name != ""
}

// cutTarget splits X-Amz-Target, such as DynamoDB_20120810.GetItem.
func cutTarget(target string) (prefix, name string) {
	dot := strings.LastIndexByte(target, '.')
	return target[:max(dot, 0)], target[dot+1:]
}

// cutCBOR splits the path of Smithy RPC v2, /service/NAME/operation/NAME.
func cutCBOR(path string) (service, name string) {
	rest, ok := strings.CutPrefix(path, "/service/")
	if !ok {
		return "", ""
	}
	service, name, ok = strings.Cut(rest, "/operation/")
	if !ok {
		return "", ""
	}
	return service, name
}

// guessService finds the service of a request whose signature names none or that has
// none. Some operations need no signature, such as AssumeRoleWithWebIdentity; otherwise
// it is S3, the only service with anonymous calls.
func guessService(q *request, form formBody) string {
	target, _ := cutTarget(q.header.Get("X-Amz-Target"))
	cbor, _ := cutCBOR(q.path)
	version := firstOf(q.query.Get("Version"), form.get("Version"))
	for _, s := range []*service{known().targets[target], known().targets[cbor], known().versions[version], q.host.service()} {
		if s != nil {
			return s.name
		}
	}
	if q.header.Get("X-Amz-Sso_bearer_token") != "" {
		return "awsssoportal"
	}
	if q.method == "POST" && strings.HasPrefix(q.header.Get("Content-Type"), "application/json") {
		if name, _ := known().services["sso-oauth"].routes.find(q); name != "" {
			return "sso-oauth"
		}
	}
	return "s3"
}

// fallBack makes a name of the method and the words of the path.
func (o *Operation) fallBack(q *request) {
	const words = 4
	o.Certain, o.Path = false, nil
	o.Name = title(q.method)
	taken := 0
	for segment := range strings.SplitSeq(q.path, "/") {
		if strings.Trim(segment, letters) == "" && segment != "" && taken < words {
			o.Name += title(segment)
			taken++
		}
	}
	if taken == 0 {
		o.Name += "Request"
	}
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

// title writes object-lock as ObjectLock, and GET as Get. It omits characters that no
// name has.
func title(text string) string {
	if strings.ToUpper(text) == text {
		text = strings.ToLower(text)
	}
	var b strings.Builder
	upper := true
	for i := range min(len(text), maxName/4) {
		c := text[i]
		isLower := c >= 'a' && c <= 'z'
		switch {
		case isLower && upper:
			b.WriteByte(c - 'a' + 'A')
			upper = false
		case isLower, c >= 'A' && c <= 'Z':
			b.WriteByte(c)
			upper = false
		default:
			upper = true
		}
	}
	return b.String()
}
