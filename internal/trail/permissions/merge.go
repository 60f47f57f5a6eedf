package permissions

import (
	"reflect"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// maxLength is how many characters IAM takes in a managed policy, white space not
// counted.
const maxLength = 6144

// merge makes fewer statements where joins allows it. One of several subjects has no
// name.
func merge(statements []policy.Statement, joins func(s, next policy.Statement) bool) (fewer []policy.Statement) {
	for _, next := range statements {
		i := slices.IndexFunc(fewer, func(s policy.Statement) bool { return joins(s, next) })
		if i < 0 {
			fewer = append(fewer, next)
			continue
		}
		s := &fewer[i]
		s.Action = sorted(slices.Concat(s.Action, next.Action))
		if !slices.Equal(s.Resource, next.Resource) {
			s.Sid, s.Resource = "", slices.Concat(s.Resource, next.Resource)
		}
	}
	return fewer
}

// alike joins statements with the same resources and conditions.
func alike(s, next policy.Statement) bool {
	return slices.Equal(s.Resource, next.Resource) && reflect.DeepEqual(s.Condition, next.Condition)
}

// apart joins statements of different services with the same conditions: no action of
// the one concerns a resource of the other.
func apart(s, next policy.Statement) bool {
	if slices.Contains(s.Resource, everything) || slices.Contains(next.Resource, everything) || !reflect.DeepEqual(s.Condition, next.Condition) {
		return false
	}
	for _, action := range s.Action {
		service, _, _ := strings.Cut(action, ":")
		if slices.ContainsFunc(next.Action, func(a string) bool { return strings.HasPrefix(a, service+":") }) {
			return false
		}
	}
	return true
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
