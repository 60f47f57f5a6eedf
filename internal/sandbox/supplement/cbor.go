package supplement

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// moto's CloudWatch supports the JSON protocol but not the paths of Smithy's RPC v2
// CBOR protocol, which recent SDKs use: aws-sdk-go-v2, and with it Terraform's provider.

const cborProtocol = "rpc-v2-cbor"

func isCBOR(r *http.Request) bool { return r.Header.Get("Smithy-Protocol") == cborProtocol }

// translate answers a CloudWatch request in CBOR by sending it to moto in JSON.
func (s *supplement) translate(w http.ResponseWriter, r *http.Request) {
	c := &call{supplement: s, w: w, r: r}
	_, operation, _ := strings.Cut(r.URL.Path, "/operation/")
	parameters, err := readCBOR(r)
	if err != nil {
		c.sendCBOR(http.StatusBadRequest, map[string]any{"__type": "SerializationException", "message": err.Error()})
		return
	}
	request, body := c.toJSON(cloudWatch+operation, parameters)
	a := c.askOf(s, request, body)
	result := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(a.body.Bytes()))
	decoder.UseNumber()
	if err := decoder.Decode(&result); err != nil && a.body.Len() > 0 {
		a.relay(c) // moto's page for a fault of its own
		return
	}
	c.sendCBOR(a.status, result)
}

func (c *call) sendCBOR(status int, result map[string]any) {
	body, err := cbor.Marshal(forCBOR("", result))
	if err != nil {
		panic(err) // of what JSON can hold
	}
	c.w.Header().Set("Smithy-Protocol", cborProtocol)
	c.send(status, "application/cbor", body)
}

// readCBOR decodes CBOR parameters to values that JSON can encode.
func readCBOR(r *http.Request) (any, error) {
	body, err := readAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var unpacked *gzip.Reader
		if unpacked, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = readAll(unpacked)
		}
	}
	if err != nil || len(body) == 0 {
		return map[string]any{}, err
	}
	mode, err := cbor.DecOptions{DefaultMapType: reflect.TypeFor[map[string]any]()}.DecMode()
	if err != nil {
		return nil, err
	}
	var value any
	if err := mode.Unmarshal(body, &value); err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	return forJSON(value)
}

func forJSON(value any) (_ any, err error) {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			if v[name], err = forJSON(v[name]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = forJSON(v[i]); err != nil {
				return nil, err
			}
		}
	case time.Time:
		return float64(v.UnixMilli()) / 1000, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("read request: %v is no number for CloudWatch", v)
		}
	case nil, string, bool, uint64, int64, []byte:
	default:
		return nil, fmt.Errorf("read request: CBOR of a kind that CloudWatch does not use: %T", v)
	}
	return value, nil
}

// times returns the members of CloudWatch's answers that are times.
func times() []string {
	return []string{
		"Timestamp", "Timestamps", "StateTransitionedTimestamp", "AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StartTime",
		"EndTime", "StartDate", "ExpireDate", "LastUpdatedTimestamp", "CreationDate", "LastUpdateDate", "LastModified",
	}
}

// forCBOR converts a JSON value to the type that CBOR needs. name is the member that
// has the value.
func forCBOR(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			if v[name] = forCBOR(name, v[name]); v[name] == nil {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = forCBOR(name, v[i])
		}
	case json.Number:
		float, _ := v.Float64() // infinite where it is too large
		if slices.Contains(times(), name) {
			return cbor.Tag{Number: 1, Content: float}
		}
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		return float
	}
	return value
}
