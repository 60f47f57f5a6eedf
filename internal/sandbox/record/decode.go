package record

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
)

// maxBody is the maximum size of a decoded body, in bytes. The parameters that
// CloudTrail keeps are far smaller; omitted ones, such as function code, may not be.
const maxBody = 16 << 20

// bodyOf returns a completely captured body, or nil.
func bodyOf(body exchange.Body) []byte {
	if !body.Whole || len(body.Bytes) > maxBody {
		return nil
	}
	return body.Bytes
}

// maxValues exceeds the number of values in the largest parameters that CloudTrail keeps.
const maxValues = 60_000

var (
	errDeep = errors.New("nested too deep")
	errMany = errors.New("too many values")
)

// tooMany replaces a value that has too many members to decode.
func tooMany(size int) object {
	return object{{"omitted", true}, {"originalSize", decimal(size)}, {"reason", errMany.Error()}}
}

// jsonReader decodes JSON token by token to keep the order of members.
type jsonReader struct {
	*json.Decoder
	values int
}

// decodeJSON decodes one JSON value. It returns nil for invalid JSON.
func decodeJSON(text []byte) tree {
	r := &jsonReader{Decoder: json.NewDecoder(bytes.NewReader(text))}
	r.UseNumber()
	t, err := r.value(0)
	if errors.Is(err, errMany) {
		return tooMany(len(text))
	}
	if err != nil {
		return nil
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return nil
	}
	return t
}

func (r *jsonReader) value(depth int) (tree, error) {
	if r.values++; r.values > maxValues {
		return nil, errMany
	}
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Number:
		return number(token), nil
	case json.Delim:
		if depth == maxDepth {
			return nil, errDeep
		}
		if token == '[' {
			return r.list(depth)
		}
		return r.object(depth)
	default: // string, bool, nil
		return token, nil
	}
}

func (r *jsonReader) list(depth int) (tree, error) {
	values := list{}
	for r.More() {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	_, err := r.Token()
	return values, err
}

func (r *jsonReader) object(depth int) (tree, error) {
	members := object{}
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return nil, err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder guarantees a string
		members.add(name, value)
	}
	_, err := r.Token()
	return members.unique(), err
}

// decodeCBOR decodes a body of Smithy's RPC v2 protocol.
func decodeCBOR(body []byte) tree {
	mode, err := cbor.DecOptions{
		MaxNestedLevels: maxDepth, MaxArrayElements: maxValues, MaxMapPairs: maxValues, TimeTagToAny: cbor.TimeTagToTime,
	}.DecMode()
	if err != nil {
		return nil
	}
	var value any
	if mode.Unmarshal(body, &value) != nil {
		return nil
	}
	return cborValue(value)
}

func cborValue(value any) tree {
	switch value := value.(type) {
	case bool, string:
		return value
	case []byte:
		return base64.StdEncoding.EncodeToString(value)
	case uint64:
		return number(strconv.FormatUint(value, 10))
	case int64:
		return number(strconv.FormatInt(value, 10))
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return strconv.FormatFloat(value, 'g', -1, 64)
		}
		text, _ := json.Marshal(value)
		return number(text)
	case time.Time:
		return date(value)
	case []any:
		values := make(list, len(value))
		for i := range value {
			values[i] = cborValue(value[i])
		}
		return values
	case map[any]any:
		members := object{}
		for name, value := range value {
			if name, ok := name.(string); ok {
				members.add(name, cborValue(value))
			}
		}
		slices.SortFunc(members, func(a, b member) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
		return members
	default:
		return nil
	}
}
