// Package record writes the CloudTrail record of an API call.
//
// The format is that of real records; docs/sandbox.md lists the differences. AWS does
// not document the records of each service, so those that were not compared with real
// records follow the rules that most services share.
package record

import (
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/identity"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// The limits of CloudTrail's record contents reference, in bytes.
const (
	maxText    = 1 << 10   // userAgent, errorCode, errorMessage, requestID
	maxMember  = 100 << 10 // requestParameters, responseElements
	maxDetails = 28 << 10  // additionalEventData; here also for resources and callers
	maxEvent   = 256 << 10
)

// call is the input of a record.
type call struct {
	x   *exchange.Exchange
	op  operation.Operation
	who identity.Identity

	largest  int      // limit of parameters and of the answer, in bytes
	answered *element // the decoded XML answer, nil until document is called
	// secrets, unless nil, collects the hidden texts of the request.
	secrets *[]string
}

// document returns the answer if it is XML, otherwise nil.
func (c *call) document() *element {
	if c.answered == nil {
		if body := bodyOf(c.x.Response); len(body) > 0 && body[0] == '<' {
			c.answered = decodeXML(body)
		}
	}
	return c.answered
}

// Compose returns the record of a completed call. Bodies that were not kept or cannot
// be decoded are omitted without an error.
func Compose(x *exchange.Exchange, op operation.Operation, who identity.Identity) (journal.Entry, error) {
	c := &call{x: x, op: op, who: who, largest: maxMember}
	record := c.compose()
	if len(record) > maxEvent { // each member is within its limit, the sum is not
		c.largest = 0
		record = c.compose()
	}
	var check event.Record
	if n, err := check.Decode(record); err != nil || n != len(record) || len(record) > maxEvent {
		return journal.Entry{}, fmt.Errorf("compose record of %q: %d bytes: %w", op.EventName, len(record), err)
	}
	return journal.Entry{
		Time: x.Arrived, Account: who.Account, Region: op.Region, Category: string(category(op)), Record: record,
	}, nil
}

func category(op operation.Operation) operation.Category {
	if op.Category == "" {
		return operation.Management
	}
	return op.Category
}

// compose writes the members in CloudTrail's order.
func (c *call) compose() []byte {
	code, message := c.failure()
	message = c.withoutSecrets(message)
	parameters := c.requestParameters(code)
	elements := c.responseElements()
	resources := c.resources(parameters, elements, code)

	w := writer{dst: append(make([]byte, 0, 2<<10), '{')}
	w.text("eventVersion", "1.11")
	w.raw("userIdentity", c.userIdentity())
	w.text("eventTime", c.x.Arrived.UTC().Format("2006-01-02T15:04:05Z"))
	w.text("eventSource", cut(c.op.EventSource, maxText))
	w.text("eventName", cut(c.op.EventName, maxText))
	w.text("awsRegion", cut(c.op.Region, maxText))
	w.text("sourceIPAddress", cut(c.x.RemoteIP, maxText))
	w.text("userAgent", cut(c.userAgent(), maxText))
	if code != "" {
		w.text("errorCode", cut(code, maxText))
		if message != "" {
			w.text("errorMessage", cut(message, maxText))
		}
	}
	w.limited("requestParameters", parameters, c.largest)
	w.limited("responseElements", elements, c.largest)
	if c.op.EventSource == "s3.amazonaws.com" {
		w.tree("additionalEventData", c.s3Additional())
	}
	if id := c.requestID(); id != "" {
		w.text("requestID", cut(id, maxText))
	}
	w.text("eventID", uuid.NewString())
	w.raw("readOnly", strconv.AppendBool(nil, c.op.ReadOnly))
	if len(resources) > 0 {
		w.detail("resources", resources)
	}
	w.text("eventType", "AwsApiCall")
	if c.op.APIVersion != "" {
		w.text("apiVersion", cut(c.op.APIVersion, maxText))
	}
	w.raw("managementEvent", strconv.AppendBool(nil, category(c.op) == operation.Management))
	w.text("recipientAccountId", c.who.Account)
	w.text("eventCategory", string(category(c.op)))
	if c.x.TLS != nil {
		w.tree("tlsDetails", object{
			{"tlsVersion", tlsVersion(c.x.TLS)},
			{"cipherSuite", cipherSuite(c.x.TLS)},
			{"clientProvidedHostHeader", cut(c.x.Host, maxText)},
		})
	}
	return append(w.dst, '}')
}

func (c *call) userIdentity() []byte {
	if len(c.who.UserIdentity) == 0 || len(c.who.UserIdentity) > maxDetails {
		return appendTree(nil, object{{"type", "Unknown"}, {"accountId", c.who.Account}})
	}
	return c.who.UserIdentity
}

// userAgent returns the User-Agent, in brackets for S3.
func (c *call) userAgent() string {
	agent := c.x.Header.Get("User-Agent")
	if c.op.EventSource == "s3.amazonaws.com" && agent != "" {
		return "[" + cut(agent, maxText-2) + "]"
	}
	return agent
}

// requestID returns the request ID of the answer, "" if it has none.
func (c *call) requestID() string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if id := c.x.ResponseHeader.Get(name); id != "" {
			return id
		}
	}
	root := c.document()
	for _, holder := range []*element{root, root.child("ResponseMetadata")} {
		if id := holder.value("RequestId"); id != "" {
			return id
		}
	}
	return ""
}

func tlsVersion(state *tls.ConnectionState) string {
	return strings.ReplaceAll(tls.VersionName(state.Version), "TLS ", "TLSv")
}

// cipherSuite returns OpenSSL's name of the cipher suite.
func cipherSuite(state *tls.ConnectionState) string {
	name := tls.CipherSuiteName(state.CipherSuite)
	if state.Version >= tls.VersionTLS13 {
		return name
	}
	name = strings.TrimPrefix(strings.Replace(name, "_WITH_", "_", 1), "TLS_")
	name = strings.NewReplacer("_", "-", "AES_128", "AES128", "AES_256", "AES256", "_CBC", "").Replace(name)
	return name
}
