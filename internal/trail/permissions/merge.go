package permissions

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// maxLength is how many characters IAM takes in a managed policy, white space not
// counted.
const maxLength = 6144

// merged joins statements with the same resources and conditions.
func merged(statements []policy.Statement) (fewer []policy.Statement) {
	for _, next := range statements {
		i := slices.IndexFunc(fewer, func(s policy.Statement) bool {
			return slices.Equal(s.Resource, next.Resource) && reflect.DeepEqual(s.Condition, next.Condition)
		})
		if i < 0 {
			fewer = append(fewer, next)
			continue
		}
		fewer[i].Action = sorted(slices.Concat(fewer[i].Action, next.Action))
	}
	return fewer
}

// shortened joins statements of different services, the last ones first, until IAM
// takes them. Those have several subjects, and no name; the others lose theirs if
// that is still not enough.
func shortened(statements []policy.Statement) []policy.Statement {
	for next := len(statements) - 1; next > 0 && length(statements) > maxLength; next-- {
		for i := next - 1; i >= 0; i-- {
			if s, other := &statements[i], statements[next]; apart(*s, other) {
				s.Sid, s.Action = "", sorted(slices.Concat(s.Action, other.Action))
				s.Resource = slices.Concat(s.Resource, other.Resource)
				statements = slices.Delete(statements, next, next+1)
				break
			}
		}
	}
	if length(statements) > maxLength {
		for i := range statements {
			statements[i].Sid = ""
		}
	}
	return statements
}

func length(statements []policy.Statement) int {
	text, err := json.Marshal(policy.New(statements...))
	if err != nil {
		return 0 // which the test of lengths would find
	}
	return len(text)
}

// apart reports whether two statements have the same conditions and no action of the one
// concerns a resource of the other, being of another service.
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
