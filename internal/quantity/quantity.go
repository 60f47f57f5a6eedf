// Package quantity parses the times and sizes of a command line, and formats sizes and counts for people.
//
// Every parse error names the value and the accepted forms, so a verb can return it
// unchanged.
package quantity

import "strconv"

// FormatCount formats n with its digits grouped by three: 1,234,567.
func FormatCount(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	grouped := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			grouped = append(grouped, ',')
		}
		grouped = append(grouped, digits[i])
	}
	return sign + string(grouped)
}
