package supplement

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// moto's CloudWatch knows the JSON protocol but not the paths of Smithy's RPC v2
// protocol with CBOR, which recent SDKs speak to it: aws-sdk-go-v2, and with it
// Terraform's provider.

const cborProtocol = "rpc-v2-cbor"

func isCBOR(r *http.Request) bool { return r.Header.Get("Smithy-Protocol") == cborProtocol }

// translate has a CloudWatch request in CBOR answered as the same request in JSON.
func (s *supplement) translate(w http.ResponseWriter, r *http.Request) {
	c := &call{supplement: s, w: w, r: r}
	_, operation, _ := strings.Cut(r.URL.Path, "/operation/")
	parameters, err := decodeCBOR(r)
	if err != nil {
		c.sendCBOR(http.StatusBadRequest, map[string]any{"__type": "SerializationException", "message": err.Error()})
		return
	}
	request, body := c.toJSON(cloudWatch+operation, parameters)
	a := c.askOf(s, request, body)
	var result any = map[string]any{}
	if a.body.Len() > 0 {
		decoder := json.NewDecoder(&a.body)
		decoder.UseNumber()
		if err := decoder.Decode(&result); err != nil {
			a.relay(c) // moto's page for a fault of its own
			return
		}
	}
	c.sendCBOR(a.status, result)
}

func (c *call) sendCBOR(status int, result any) {
	c.w.Header().Set("Smithy-Protocol", cborProtocol)
	c.send(status, "application/cbor", cbor.Encode(toCBOR("", result)))
}

func decodeCBOR(r *http.Request) (any, error) {
	body, err := readAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var unpacked *gzip.Reader
		if unpacked, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = readAll(io.NopCloser(unpacked))
		}
	}
	if err != nil || len(body) == 0 {
		return map[string]any{}, err
	}
	value, err := cbor.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	return fromCBOR(value), nil
}

func fromCBOR(value cbor.Value) any {
	switch v := value.(type) {
	case cbor.Map:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[name] = fromCBOR(member)
		}
		return object
	case cbor.List:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = fromCBOR(element)
		}
		return list
	case *cbor.Tag: // only times are tagged: seconds since 1970, as in JSON
		return fromCBOR(v.Value)
	case cbor.Slice:
		return base64.StdEncoding.EncodeToString(v)
	case cbor.NegInt:
		return -int64(v)
	case *cbor.Nil, *cbor.Undefined:
		return nil
	}
	return value // a string, number or boolean
}

// times is the members of CloudWatch's answers that are times.
const times = ` Timestamp Timestamps StateTransitionedTimestamp AlarmConfigurationUpdatedTimestamp StateUpdatedTimestamp StartTime EndTime
	StartDate ExpireDate LastUpdatedTimestamp CreationDate LastUpdateDate LastModified `

// toCBOR encodes what was decoded from JSON; name is the member it is of.
func toCBOR(name string, value any) cbor.Value {
	switch v := value.(type) {
	case map[string]any:
		object := make(cbor.Map, len(v))
		for name, member := range v {
			if member != nil {
				object[name] = toCBOR(name, member)
			}
		}
		return object
	case []any:
		list := make(cbor.List, len(v))
		for i, element := range v {
			list[i] = toCBOR(name, element)
		}
		return list
	case json.Number:
		return number(name, v)
	case string:
		return cbor.String(v)
	case bool:
		return cbor.Bool(v)
	}
	return &cbor.Nil{}
}

func number(name string, n json.Number) cbor.Value {
	float, _ := n.Float64() // infinite when it is too large
	if strings.Contains(times, " "+name+" ") {
		return &cbor.Tag{ID: 1, Value: cbor.Float64(float)}
	}
	whole, err := n.Int64()
	switch {
	case err != nil:
		return cbor.Float64(float)
	case whole < 0:
		return cbor.NegInt(-whole)
	}
	return cbor.Uint(whole)
}
