package lookup

import (
	"fmt"
	"strings"
)

// Category is a category of events, as CloudTrail spells it.
type Category string

// The categories of events.
const (
	Management      Category = "Management"
	Data            Category = "Data"
	Insight         Category = "Insight"
	NetworkActivity Category = "NetworkActivity"
	Aggregated      Category = "Aggregated"
)

// ParseCategory reads a category that is spelled in any case.
func ParseCategory(name string) (Category, error) {
	for _, known := range []Category{Management, Data, Insight, NetworkActivity, Aggregated} {
		if strings.EqualFold(name, string(known)) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown event category %q: expected management, data, insight, networkactivity or aggregated", name)
}
