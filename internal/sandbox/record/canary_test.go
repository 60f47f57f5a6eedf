package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// canaryCall is a line of testdata/canaries.py.
type canaryCall struct {
	Service, Operation string
	Asked, Told        int // canaries
	Method, URL        string
	Header             map[string]string
	Request, Answer    []byte

	Operations int // of the last line
}

// canaries are the calls that botocore makes of operations with sensitive members.
func canaries(t *testing.T) (calls []canaryCall, operations int) {
	t.Helper()
	if testing.Short() {
		t.Skip("reads the models of all services")
	}
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import botocore").Run(); err != nil {
		t.Skip("SKIPPED REAL SERVICE: botocore is not installed for python3")
	}
	out, err := exec.CommandContext(t.Context(), "python3", "testdata/canaries.py").Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("%v\n%s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var call canaryCall
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			t.Fatal(err)
		}
		if operations = call.Operations; call.Service != "" {
			calls = append(calls, call)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return calls, operations
}

// exchange is the call as the proxy sees it.
func (c *canaryCall) exchange(t *testing.T, status int, answer []byte) *exchange.Exchange {
	t.Helper()
	address, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	x := &exchange.Exchange{
		Arrived: arrived, Method: c.Method, URL: address, Host: "localhost:4580", Header: http.Header{}, RemoteIP: "203.0.113.7",
		Request: whole(string(c.Request)), Status: status, ResponseHeader: http.Header{}, Response: whole(string(answer)),
	}
	for name, value := range c.Header {
		x.Header.Set(name, value)
	}
	x.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-2/"+c.Service+"/aws4_request, SignedHeaders=host, Signature=00")
	return x
}

// hides makes the record of a call and looks for canaries.
func (c *canaryCall) hides(t *testing.T, code string, x *exchange.Exchange, op operation.Operation) {
	t.Helper()
	entry, err := Compose(x, op, alice)
	if err != nil {
		t.Fatalf("%s.%s: %v", c.Service, c.Operation, err)
	}
	text := strings.Join([]string{string(entry.Record), entry.Account, entry.Region, entry.Category}, " ")
	for _, canary := range []string{"CANARY", "Q0FOQVJZ"} { // which is CANARY in base64
		if before, after, found := strings.Cut(text, canary); found {
			t.Errorf("%s.%s %s (as %s, certain %t): %s%s%.20s", c.Service, c.Operation, code, op.Name, op.Certain,
				before[max(0, len(before)-60):], canary, after)
		}
	}
	if code != "" && !strings.Contains(text, `"errorMessage":"refused`) {
		t.Errorf("%s.%s %s: no message in %s", c.Service, c.Operation, code, text)
	}
}

// refusal is an error whose message quotes all canaries of the request.
func (c *canaryCall) refusal(t *testing.T, op operation.Operation, code string) []byte {
	t.Helper()
	message := "refused"
	for i := range c.Asked {
		message += fmt.Sprintf(" 'CANARY%d.'", i+1)
	}
	switch op.Protocol {
	case operation.Query, operation.EC2, operation.RESTXML:
		return []byte("<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>")
	}
	answer := map[string]string{"__type": code, "message": message}
	encode := json.Marshal
	if op.Protocol == operation.CBOR {
		encode = cbor.Marshal
	}
	body, err := encode(answer)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestCanaries makes each call of AWS that has a sensitive member, with a canary in each
// such text of the request and of the answer, and with errors that quote those of the
// request. None may be in what the journal gets.
func TestCanaries(t *testing.T) {
	calls, operations := canaries(t)
	placed, named := 0, 0
	for _, call := range calls {
		x := call.exchange(t, http.StatusOK, call.Answer)
		op := operation.Identify(x)
		placed += call.Asked + call.Told
		if op.Certain && op.Name == call.Operation {
			named++
		}
		call.hides(t, "", x, op)
		for _, code := range []string{"ValidationException", "AccessDenied"} {
			call.hides(t, code, call.exchange(t, http.StatusBadRequest, call.refusal(t, op, code)), op)
		}
	}
	t.Logf("%d canaries in %d of %d operations", placed, len(calls), operations)
	if operations < 15_000 || len(calls) < 2000 || placed < 15_000 {
		t.Errorf("only %d canaries were placed in %d of %d operations", placed, len(calls), operations)
	}
	if named < len(calls)*95/100 {
		t.Errorf("only %d of %d calls were identified", named, len(calls))
	}
}
