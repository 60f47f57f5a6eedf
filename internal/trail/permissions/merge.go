package permissions

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/policy"
)

// maxLength is the most characters that IAM accepts in a managed policy, without white
// space.
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

// shortened joins statements of different services, from the last one, until the policy
// fits into IAM's limit. Joined statements have no Sid; if that is not enough, the
// others lose theirs too.
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
		return 0 // TestPolicies checks that this does not happen
	}
	return len(text)
}

// apart reports whether two statements can be joined without granting more: they have
// the same conditions, and no action of one applies to a resource of the other.
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
