package record

import (
	"net/http"
	"strings"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// failure returns the recorded errorCode and errorMessage, "" for a successful call.
func (c *call) failure() (code, message string) {
	if c.x.Status < 300 || c.x.Status == http.StatusNotModified {
		return "", ""
	}
	code, message = c.refusal()
	if code == "" && c.x.Status < 400 {
		return "", ""
	}
	if code == "" {
		code, message = c.byStatus()
	}
	return c.spellCode(code), message
}

// refusal decodes an error of any protocol.
func (c *call) refusal() (code, message string) {
	body := bodyOf(c.x.Response)
	header := bare(c.x.ResponseHeader.Get("X-Amzn-Errortype"))
	var answer object
	switch {
	case len(body) == 0:
		return header, c.x.ResponseHeader.Get("X-Amzn-Error-Message")
	case c.op.Protocol == operation.CBOR:
		answer, _ = decodeCBOR(body).(object)
	case body[0] == '<':
		return xmlRefusal(c.document())
	default:
		answer, _ = decodeJSON(body).(object)
	}
	if inner, ok := answer.get("Error").(object); ok {
		answer = inner
	}
	code = header
	for _, name := range []string{"__type", "Code", "code"} {
		if code == "" {
			code = bare(answer.text(name))
		}
	}
	for _, name := range []string{"message", "Message", "errorMessage"} {
		if message == "" {
			message = answer.text(name)
		}
	}
	return code, message
}

// xmlRefusal decodes an <Error>, either alone, in <ErrorResponse>, or in the <Errors>
// of a <Response>.
func xmlRefusal(root *element) (code, message string) {
	for _, name := range []string{"Errors", "Error"} {
		if inner := root.child(name); inner != nil {
			root = inner
		}
	}
	return root.value("Code"), root.value("Message")
}

// bare returns the name of an exception without its namespace and documentation URL.
func bare(exception string) string {
	exception = exception[strings.LastIndexByte(exception, '#')+1:]
	exception, _, _ = strings.Cut(exception, ":")
	return exception
}

// byStatus returns the error of an answer without a body, as to HEAD.
func (c *call) byStatus() (code, message string) {
	s3 := c.op.EventSource == "s3.amazonaws.com"
	switch status := c.x.Status; {
	case status == http.StatusForbidden:
		return "AccessDenied", "Access Denied"
	case status == http.StatusNotFound && s3 && c.op.Path["Key"] != "":
		return "NoSuchKey", "The specified key does not exist."
	case status == http.StatusNotFound && s3:
		return "NoSuchBucket", "The specified bucket does not exist"
	case status == http.StatusTooManyRequests:
		return "ThrottlingException", "Rate exceeded"
	case status == http.StatusServiceUnavailable && s3:
		return "SlowDown", "Please reduce your request rate."
	case status >= 500:
		return "InternalFailure", "An unknown error occurred"
	default:
		return strings.ReplaceAll(http.StatusText(status), " ", ""), "An unknown error occurred"
	}
}

// spellCode returns an error code as CloudTrail records it: with the full exception
// name where the query protocol shortens it, and for EC2 with Client. or Server.
func (c *call) spellCode(code string) string {
	if c.op.Protocol == operation.EC2 {
		if c.x.Status >= 500 {
			return "Server." + code
		}
		return "Client." + code
	}
	switch code {
	case "AccessDeniedException":
		return "AccessDenied"
	case "Throttling":
		return "ThrottlingException"
	case "ValidationError":
		return "ValidationException"
	}
	if c.op.Protocol != operation.Query || strings.Contains(code, ".") || general(code) {
		return code
	}
	suffix := "Exception"
	switch c.op.EventSource {
	case "rds.amazonaws.com", "redshift.amazonaws.com", "elasticache.amazonaws.com", "autoscaling.amazonaws.com":
		suffix = "Fault"
	}
	for _, end := range []string{"Exception", "Fault", "Error"} {
		if strings.HasSuffix(code, end) {
			return code
		}
	}
	return code + suffix
}

// general reports whether a code is common to all services. Such codes have no
// exception.
func general(code string) bool {
	switch code {
	case "AccessDenied", "AuthFailure", "IncompleteSignature", "InternalFailure", "InvalidAction", "InvalidClientTokenId",
		"InvalidParameterCombination", "InvalidParameterValue", "InvalidQueryParameter", "InvalidSecurity", "MalformedQueryString",
		"MissingAction", "MissingAuthenticationToken", "MissingParameter", "NotAuthorized", "OptInRequired", "RequestExpired",
		"ServiceUnavailable", "SignatureDoesNotMatch", "UnauthorizedOperation", "NotFound", "BadRequest", "MethodNotAllowed":
		return true
	}
	return false
}
