package supplement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"
)

// call is a request to be answered here.
type call struct {
	*supplement
	w       http.ResponseWriter
	r       *http.Request
	body    []byte
	account string
	region  string
}

// read decodes the parameters. If it cannot, it answers the caller and returns false.
func (c *call) read(parameters any) bool {
	if len(c.body) == 0 {
		return true
	}
	if err := json.Unmarshal(c.body, parameters); err != nil {
		c.refuse(http.StatusBadRequest, "SerializationException", err.Error())
		return false
	}
	return true
}

func (c *call) reply(result any) { c.send(http.StatusOK, c.contentType(), encode(result)) }

// encode writes JSON of what is ours or was JSON before.
func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

func (c *call) contentType() string {
	if c.r.Header.Get("X-Amz-Target") == "" {
		return "application/json"
	}
	return c.r.Header.Get("Content-Type")
}

// refuse answers with an error of the service, as the JSON protocols have it.
func (c *call) refuse(status int, kind, message string) {
	c.w.Header().Set("X-Amzn-ErrorType", kind)
	c.send(status, c.contentType(), encode(map[string]string{"__type": kind, "message": message}))
}

func (c *call) broken(err error) {
	c.refuse(http.StatusInternalServerError, "InternalFailure", err.Error())
}

func (c *call) send(status int, contentType string, body []byte) {
	header := c.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Amzn-RequestId", uuid.NewString())
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // fails if the client hung up
}

// save makes the state durable before the caller is answered.
func (c *call) save(result any) {
	if err := c.state.save(); err != nil {
		c.broken(err)
		return
	}
	c.reply(result)
}

// answer is moto's answer.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
func (a *answer) ok() bool                    { return a.status == http.StatusOK }

// pass forwards the caller's request to moto.
func (c *call) pass() *answer { return c.ask(c.r.Clone(c.r.Context()), c.body) }

// askJSON calls an operation of the caller's service at moto by the JSON protocol, with
// the caller's credentials.
func (c *call) askJSON(target string, parameters any) *answer {
	return c.ask(c.toJSON(target, parameters))
}

func (c *call) toJSON(target string, parameters any) (*http.Request, []byte) {
	r := c.r.Clone(c.r.Context())
	r.Method, r.URL.Path, r.URL.RawPath, r.URL.RawQuery = http.MethodPost, "/", "", ""
	r.Header.Del("Smithy-Protocol")
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	return r, encode(parameters)
}

// askForm calls moto by the query protocol.
func (c *call) askForm(form url.Values) *answer {
	return c.ask(c.r.Clone(c.r.Context()), []byte(form.Encode()))
}

// askREST calls an operation at moto by its method and path.
func (c *call) askREST(method, path string, parameters any) *answer {
	var body []byte
	if parameters != nil {
		body = encode(parameters)
	}
	r := c.r.Clone(c.r.Context())
	r.Method, r.URL.Path, r.URL.RawPath, r.URL.RawQuery = method, path, "", ""
	r.Header.Set("Content-Type", "application/json")
	return c.ask(r, body)
}

func (c *call) ask(r *http.Request, body []byte) *answer { return c.askOf(c.next, r, body) }

func (c *call) askOf(next http.Handler, r *http.Request, body []byte) *answer {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Header.Del("Accept-Encoding")  // the answer is read here
	r.Header.Del("Content-Encoding") // what is sent was written here
	r.RequestURI = r.URL.RequestURI()
	a := &answer{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(a, r)
	return a
}

// read decodes moto's answer. An error is sent to the caller unchanged.
func (a *answer) read(c *call, result any) bool {
	if !a.ok() {
		a.relay(c)
		return false
	}
	if a.body.Len() == 0 {
		return true
	}
	if err := json.Unmarshal(a.body.Bytes(), result); err != nil {
		c.broken(fmt.Errorf("read answer of moto: %w", err))
		return false
	}
	return true
}

func (a *answer) relay(c *call) {
	header := c.w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(a.body.Len()))
	c.w.WriteHeader(a.status)
	_, _ = c.w.Write(a.body.Bytes()) // fails if the client hung up
}

// relayAs sends moto's answer to the caller with another body.
func (a *answer) relayAs(c *call, result any) {
	a.body.Reset()
	a.body.Write(encode(result))
	a.relay(c)
}
