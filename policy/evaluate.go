package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Request is a call to be authorized.
type Request struct {
	// Principal is the caller, such as Service("cloudtrail.amazonaws.com"), with one
	// name. Nil is the user or role whose own policies are evaluated; those policies
	// have no Principal.
	Principal Principals
	// Action is the action, such as s3:PutObject.
	Action string
	// Resource is an ARN, or "" for policies without Resource, such as the trust policy
	// of a role.
	Resource string
	// Context holds the condition keys of the request.
	Context map[string][]string
}

// Outcome is the result of an evaluation.
type Outcome int

// The outcomes. Without a matching statement a request is denied.
const (
	ImplicitDeny Outcome = iota
	Allowed
	ExplicitDeny
)

func (o Outcome) String() string {
	return [...]string{"implicit deny", "allowed", "explicit deny"}[o]
}

// Decision is an outcome and its reason.
type Decision struct {
	Outcome Outcome
	// Statement is the one that decided. For an implicit deny it is the Allow that came
	// closest to matching, or nil.
	Statement *Statement
	// Why is the reason for people, such as statement "Write" allows s3:PutObject only
	// on "arn:aws:s3:::logs/*".
	Why string
}

// Allowed reports whether the request is allowed.
func (d Decision) Allowed() bool { return d.Outcome == Allowed }

// Evaluate applies all statements of the documents: if one Deny matches, the request is
// denied, else if one Allow matches, it is allowed. Combining the policies of a caller
// and of a resource is left to the caller of Evaluate.
func Evaluate(documents []Document, r Request) Decision {
	q := newQuery(r)
	decision := Decision{Why: fmt.Sprintf("no statement allows %s%s", r.Action, to(r.Principal))}
	closest := elementAction
	for _, d := range documents {
		q.substitute = d.Version == Version2012
		for i := range d.Statements {
			s := &d.Statements[i]
			failed, why := s.miss(q)
			matches := failed == elementNone
			switch {
			case matches && s.Effect == Deny:
				return Decision{ExplicitDeny, s, s.name(i) + " denies " + r.Action}
			case matches && s.Effect == Allow:
				if !decision.Allowed() {
					decision = Decision{Allowed, s, s.name(i) + " allows " + r.Action}
				}
			case !decision.Allowed() && s.Effect == Allow && failed > closest:
				closest = failed
				decision.Statement, decision.Why = s, s.name(i)+" allows "+r.Action+" only "+why
			}
		}
	}
	return decision
}

// element is the part of a statement that did not match, in order of evaluation.
type element int

const (
	elementPrincipal element = iota
	elementAction
	elementResource
	elementCondition
	elementNone
)

// query is a request prepared for many statements.
type query struct {
	Request
	context    map[string][]string // by key in lower case
	substitute bool                // whether ${...} is a variable
	variables  variables
}

func newQuery(r Request) *query {
	q := &query{Request: r, context: map[string][]string{}}
	for key, values := range r.Context {
		q.context[strings.ToLower(key)] = values
	}
	q.variables = func(key string) (string, bool) {
		values := q.context[strings.ToLower(key)]
		if len(values) != 1 {
			return "", false
		}
		return values[0], true
	}
	return q
}

func (s *Statement) miss(q *query) (element, string) {
	if !s.concerns(q.Principal) {
		return elementPrincipal, ""
	}
	if !oneOf(s.Action, s.NotAction, func(want string) bool {
		p, _ := compile(strings.ToLower(want), nil)
		return p.matches(strings.ToLower(q.Action))
	}) {
		return elementAction, ""
	}
	if (s.Resource != nil || s.NotResource != nil) && !oneOf(s.Resource, s.NotResource, func(want string) bool {
		p, ok := compile(want, q.vars())
		return ok && p.matches(q.Resource)
	}) {
		if s.NotResource != nil {
			return elementResource, fmt.Sprintf("outside %s, not on %q", quoted(s.NotResource), q.Resource)
		}
		return elementResource, fmt.Sprintf("on %s, not on %q", quoted(s.Resource), q.Resource)
	}
	if why := s.Condition.unmet(q); why != "" {
		return elementCondition, "if " + why
	}
	return elementNone, ""
}

// vars returns nil for documents whose version has no variables.
func (q *query) vars() variables {
	if !q.substitute {
		return nil
	}
	return q.variables
}

// oneOf reports whether a value matches or, if values is nil, no value of except does.
func oneOf(values, except Values, matches func(string) bool) bool {
	if except != nil {
		return !slices.ContainsFunc(except, matches)
	}
	return slices.ContainsFunc(values, matches)
}

// concerns reports whether a statement applies to a caller.
func (s *Statement) concerns(caller Principals) bool {
	switch {
	case caller == nil:
		return s.Principal == nil && s.NotPrincipal == nil
	case s.NotPrincipal != nil:
		return !s.NotPrincipal.cover(caller)
	}
	return s.Principal.cover(caller)
}

// cover reports whether the principals include the caller.
func (p Principals) cover(caller Principals) bool {
	if p.all() {
		return true
	}
	for kind, names := range caller {
		for _, name := range names {
			if slices.ContainsFunc(p[kind], func(want string) bool {
				return want == name || kind == kindAWS && coversARN(want, name)
			}) {
				return true
			}
		}
	}
	return false
}

// all reports whether the principals mean everybody: "*" and {"AWS": "*"} are the same.
func (p Principals) all() bool {
	_, all := p[everyone]
	return all || slices.Contains(p[kindAWS], everyone)
}

// coversARN reports whether want is the account that name belongs to, or the role that
// name is a session of.
func coversARN(want, name string) bool {
	if account := accountOf(want); account != "" {
		return account == accountOf(name) || account == field(name, 4)
	}
	role, isRole := strings.CutPrefix(field(want, 5), "role/")
	session, isSession := strings.CutPrefix(field(name, 5), "assumed-role/")
	session, _, _ = strings.Cut(session, "/")
	// The ARN of a session does not contain the path of its role.
	return isRole && isSession && field(want, 4) == field(name, 4) && session == role[1+strings.LastIndex(role, "/"):]
}

// accountOf returns the account id of a principal that is an account id or an account's
// root, or "".
func accountOf(principal string) string {
	if len(principal) == 12 && strings.Trim(principal, "0123456789") == "" {
		return principal
	}
	if field(principal, 0) == "arn" && field(principal, 2) == "iam" && field(principal, 5) == "root" {
		return field(principal, 4)
	}
	return ""
}

// field returns one of the six parts of an ARN.
func field(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[i]
}

// name returns the Sid, or the number of the statement in the document, from 1.
func (s *Statement) name(i int) string {
	if s.Sid != "" {
		return "statement " + strconv.Quote(s.Sid)
	}
	return "statement " + strconv.Itoa(i+1)
}

func to(caller Principals) string {
	for _, kind := range slices.Sorted(maps.Keys(caller)) {
		return " to " + strings.Join(caller[kind], ", ")
	}
	return ""
}

func quoted(values []string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = strconv.Quote(value)
	}
	return strings.Join(texts, " or ")
}
