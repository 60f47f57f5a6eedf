package result

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
)

// Text formats a value as plain text: strings unchanged, timestamps in RFC 3339, lists,
// structs and maps as JSON. NULL is the empty string; callers that distinguish NULL
// from an empty string check the value first.
func Text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case JSON:
		return string(v)
	case Literal:
		return string(v)
	case float64:
		return floatText(v, 64)
	case float32:
		return floatText(float64(v), 32)
	case []byte:
		return hex.EncodeToString(v)
	case Timestamp:
		return v.Format(time.RFC3339Nano)
	case Date:
		return v.Format(time.DateOnly)
	case *big.Int, Decimal, bool, int64, uint64:
		return fmt.Sprint(v)
	default:
		return string(AppendJSON(nil, v))
	}
}

// floatText writes a float the way SQL engines do, NaN and infinities included.
func floatText(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return string(appendFloat(nil, f, bits))
}

// appendFloat writes a finite float in its shortest exact form, which is also
// a JSON number.
func appendFloat(dst []byte, f float64, bits int) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}
