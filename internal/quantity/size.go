package quantity

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SizeForms lists the forms that ParseSize accepts, for help texts.
const SizeForms = "bytes (1048576), binary units (512KiB, 64MiB, 1.5GiB) or decimal units (500kB, 64MB, 1GB)"

// sizeUnit is one unit of ParseSize. Single letters (1G) are not accepted: tools
// disagree on whether they are powers of 1000 or 1024.
type sizeUnit struct {
	name  string
	bytes int64
}

// Longer names come first, so that "KiB" is not parsed as "B".
var sizeUnits = [...]sizeUnit{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"PiB", 1 << 50}, {"EiB", 1 << 60},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"PB", 1e15}, {"EB", 1e18},
	{"B", 1},
}

// ParseSize parses a number of bytes in one of SizeForms. Units may be in any case and
// after a space. A fraction is rounded down to whole bytes, and needs a unit larger
// than a byte.
func ParseSize(s string) (int64, error) {
	number, unit := splitUnit(s)
	bytes, ok := scale(number, unit)
	if !ok {
		return 0, fmt.Errorf("parse size %q: expected %s", s, SizeForms)
	}
	return bytes, nil
}

func splitUnit(s string) (number string, unit int64) {
	for _, u := range sizeUnits {
		cut := len(s) - len(u.name)
		if cut > 0 && strings.EqualFold(s[cut:], u.name) {
			return strings.TrimSuffix(s[:cut], " "), u.bytes
		}
	}
	return s, 1
}

func scale(number string, unit int64) (int64, bool) {
	if strings.Trim(number, "0123456789.") != "" {
		return 0, false // signs, exponents, hexadecimal, "inf"
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n * unit, n <= math.MaxInt64/unit
	}
	f, err := strconv.ParseFloat(number, 64)
	f *= float64(unit)
	if err != nil || unit == 1 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// FormatSize formats a number of bytes in the largest binary unit that it reaches, with
// at most one decimal: 0 B, 1.5 KiB, 64 MiB. ParseSize accepts the result, rounded. A
// negative number, such as a difference of sizes, keeps its sign.
func FormatSize(n int64) string {
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	value, unit := float64(n), 0
	// 1023.95 would be formatted as "1024.0", so it gets the next unit.
	for math.Abs(value) >= 1023.95 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0") + " " + units[unit]
}
