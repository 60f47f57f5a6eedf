package permissions_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/trail"
	"github.com/cerpac/trailkeeper/internal/trail/permissions"
	"github.com/cerpac/trailkeeper/policy"
)

// call is something that a thief tries in a world of kind W: what IAM is asked, and what
// the world is like afterwards. No requests is a call that makes no sense there.
type call[W comparable] func(W) (requests []policy.Request, after W)

// reached reports whether a thief with the policies gets from the first world to one that
// is bad, by any calls in any order.
func reached[W comparable](documents []policy.Document, first W, calls []call[W], bad func(W) bool) bool {
	seen, todo := map[W]bool{first: true}, []W{first}
	for len(todo) > 0 {
		world := todo[0]
		todo = todo[1:]
		if bad(world) {
			return true
		}
		for _, try := range calls {
			requests, after := try(world)
			denied := slices.ContainsFunc(requests, func(r policy.Request) bool { return !policy.Evaluate(documents, r).Allowed() })
			if len(requests) > 0 && !denied && !seen[after] {
				seen[after] = true
				todo = append(todo, after)
			}
		}
	}
	return false
}

// iamWorld is what of IAM decides what a thief can do through the trail's role.
type iamWorld struct {
	managed string // what the managed policy of the boundary's name allows: "" without one
	role    bool
	bound   string // ARN of the role's boundary, "" without one
	wide    bool   // the role has a policy that allows everything
	trusted bool   // the thief may take the role
}

const (
	logsOnly = "logs"
	anything = "anything"
	awsAdmin = "arn:aws:iam::aws:policy/AdministratorAccess"
)

// administrator reports whether the thief, as the role, can make users.
func (w iamWorld) administrator() bool {
	rights := policy.New(policy.Statement{Effect: policy.Allow, Action: policy.Values{"*"}, Resource: policy.Values{"*"}})
	bounds := []policy.Document{rights}
	if w.bound == names().BoundaryARN && w.managed != anything {
		bounds = []policy.Document{all().RoleBoundary(place)}
	}
	r := policy.Request{Action: "iam:CreateUser", Resource: "arn:aws:iam::" + place.Account + ":user/thief"}
	return w.role && w.trusted && w.wide && policy.Evaluate([]policy.Document{rights}, r).Allowed() && policy.Evaluate(bounds, r).Allowed()
}

func names() trail.Names { return all().Names(place) }

// onPolicy is a call about the managed policy of the boundary's name.
func onPolicy(action string, needs func(iamWorld) bool, change func(*iamWorld)) call[iamWorld] {
	return func(w iamWorld) ([]policy.Request, iamWorld) {
		if !needs(w) {
			return nil, w
		}
		change(&w)
		return []policy.Request{{Action: action, Resource: names().BoundaryARN}}, w
	}
}

// onRole is a call about the trail's role, of which there says whether there has to be
// one. IAM looks at the boundary that the call names, or else at that of the role.
func onRole(action string, named *string, there bool, change func(*iamWorld)) call[iamWorld] {
	return func(w iamWorld) ([]policy.Request, iamWorld) {
		bound := w.bound
		if named != nil {
			bound = *named
		}
		if w.role != there || named != nil && bound == names().BoundaryARN && w.managed == "" {
			return nil, w
		}
		change(&w)
		context := map[string][]string{}
		if bound != "" {
			context["iam:PermissionsBoundary"] = []string{bound}
		}
		return []policy.Request{{Action: action, Resource: names().RoleARN, Context: context}}, w
	}
}

// iamCalls are all calls that change an iamWorld for the worse, and those that clear the
// way for them.
func iamCalls() []call[iamWorld] {
	ours := names().BoundaryARN
	absent := func(w iamWorld) bool { return w.managed == "" }
	present := func(w iamWorld) bool { return w.managed != "" }
	unused := func(w iamWorld) bool { return w.managed != "" && w.bound != ours }
	widen := func(w *iamWorld) { w.managed = anything }
	calls := []call[iamWorld]{
		onPolicy("iam:CreatePolicy", absent, widen),
		onPolicy("iam:CreatePolicyVersion", present, widen),
		onPolicy("iam:SetDefaultPolicyVersion", present, widen),
		onPolicy("iam:DeletePolicy", unused, func(w *iamWorld) { w.managed = "" }),
		onRole("iam:DeleteRole", nil, true, func(w *iamWorld) { *w = iamWorld{managed: w.managed} }),
		onRole("iam:DeleteRolePermissionsBoundary", nil, true, func(w *iamWorld) { w.bound = "" }),
		onRole("iam:PutRolePolicy", nil, true, func(w *iamWorld) { w.wide = true }),
		onRole("iam:AttachRolePolicy", nil, true, func(w *iamWorld) { w.wide = true }),
		onRole("iam:UpdateAssumeRolePolicy", nil, true, func(w *iamWorld) { w.trusted = true }),
	}
	for _, bound := range []string{"", ours, awsAdmin} {
		calls = append(calls, onRole("iam:CreateRole", &bound, false, func(w *iamWorld) { w.role, w.bound, w.trusted = true, bound, true }))
		if bound != "" {
			calls = append(calls, onRole("iam:PutRolePermissionsBoundary", &bound, true, func(w *iamWorld) { w.bound = bound }))
		}
	}
	return calls
}

// iamWorlds are those in which a thief may begin.
func iamWorlds() map[string]iamWorld {
	return map[string]iamWorld{
		"new account":                {},
		"boundary without a role":    {managed: logsOnly},
		"deployed":                   {managed: logsOnly, role: true, bound: names().BoundaryARN},
		"deployed before boundaries": {role: true},
		"boundary taken off":         {managed: logsOnly, role: true},
		"role given everything":      {managed: logsOnly, role: true, wide: true},
		"role bounded by another":    {managed: logsOnly, role: true, wide: true, bound: awsAdmin},
	}
}

// keyWorld is a KMS key that is not the trail's.
type keyWorld struct {
	tag    bool // the trail's
	alias  bool // the trail's
	harmed bool
}

func keyCalls() []call[keyWorld] {
	n := names()
	key := "arn:aws:kms:" + place.Region + ":" + place.Account + ":key/9a8b7c6d-0000-4000-8000-000000000009"
	request := func(w keyWorld, action, resource string, tagged bool) policy.Request {
		context := map[string][]string{}
		if w.tag {
			context["aws:ResourceTag/"+trail.OwnerTag] = []string{n.Trail}
		}
		if w.alias {
			context["kms:ResourceAliases"] = []string{n.KeyAlias}
		}
		if tagged {
			context["aws:RequestTag/"+trail.OwnerTag] = []string{n.Trail}
		}
		return policy.Request{Action: action, Resource: resource, Context: context}
	}
	calls := []call[keyWorld]{func(w keyWorld) ([]policy.Request, keyWorld) {
		return []policy.Request{request(w, "kms:TagResource", key, true)}, keyWorld{true, w.alias, w.harmed}
	}}
	for _, action := range []string{"kms:CreateAlias", "kms:UpdateAlias"} {
		calls = append(calls, func(w keyWorld) ([]policy.Request, keyWorld) {
			alias := "arn:aws:kms:" + place.Region + ":" + place.Account + ":" + n.KeyAlias
			return []policy.Request{request(w, action, key, false), request(w, action, alias, false)}, keyWorld{w.tag, true, w.harmed}
		})
	}
	for action := range strings.FieldsSeq("PutKeyPolicy CreateGrant Decrypt Encrypt GenerateDataKey ReEncryptFrom Sign" +
		" DisableKey ScheduleKeyDeletion DeleteImportedKeyMaterial ReplicateKey UpdatePrimaryRegion") {
		calls = append(calls, func(w keyWorld) ([]policy.Request, keyWorld) {
			return []policy.Request{request(w, "kms:"+action, key, false)}, keyWorld{w.tag, w.alias, true}
		})
	}
	return calls
}

// escalations are the harms beyond the trail, by the line that docs/policy.md has on them.
func escalations() map[string]func(documents []policy.Document) bool {
	return map[string]func([]policy.Document) bool{
		"become administrator of the account": func(documents []policy.Document) bool {
			for _, first := range iamWorlds() {
				if reached(documents, first, iamCalls(), iamWorld.administrator) {
					return true
				}
			}
			return false
		},
		"use, take over or delete a KMS key that is not the trail's, whose key policy leaves rights to IAM": func(documents []policy.Document) bool {
			return reached(documents, keyWorld{}, keyCalls(), func(w keyWorld) bool { return w.harmed })
		},
	}
}

// together are the smallest sets of jobs, of one or two, whose policies are enough.
func together(enough func([]policy.Document) bool) (sets []string) {
	jobs := permissions.Jobs()
	document := func(job permissions.Job) policy.Document { return permissions.For(job, all(), place) }
	alone := func(job permissions.Job) bool { return enough([]policy.Document{document(job)}) }
	for i, job := range jobs {
		if alone(job) {
			sets = append(sets, "`"+string(job)+"`")
			continue
		}
		for _, other := range jobs[i+1:] {
			if !alone(other) && enough([]policy.Document{document(job), document(other)}) {
				sets = append(sets, "`"+string(job)+"` with `"+string(other)+"`")
			}
		}
	}
	return sets
}

func TestEscalation(t *testing.T) {
	section := thieves(t)
	for harm, enough := range escalations() {
		line := regexp.MustCompile("(?m)^\\| " + regexp.QuoteMeta(harm) + " \\| ([^|]+) \\|$").FindStringSubmatch(section)
		if line == nil {
			t.Errorf("docs/policy.md has no line on %q", harm)
			continue
		}
		if sets := strings.Join(together(enough), ", "); sets != line[1] {
			t.Errorf("%s: it takes %s, the page says %s", harm, sets, line[1])
		}
	}
}

// The worlds are true ones: with rights enough, each of them ends badly.
func TestEscalationIsFound(t *testing.T) {
	everything := []policy.Document{policy.New(policy.Statement{
		Effect: policy.Allow, Action: policy.Values{"iam:*", "kms:*"}, Resource: policy.Values{"*"},
	})}
	for name, first := range iamWorlds() {
		if !reached(everything, first, iamCalls(), iamWorld.administrator) {
			t.Errorf("%s: who may do anything cannot become administrator", name)
		}
	}
	for harm, enough := range escalations() {
		if !enough(everything) || enough(nil) {
			t.Errorf("%s: %t with all rights, %t with none", harm, enough(everything), enough(nil))
		}
	}
}

// Rights of IAM are on the trail's role and boundary and on the roles of services only,
// and the role is handed to CloudTrail only.
func TestRightsOfIAM(t *testing.T) {
	n := names()
	for _, job := range permissions.Jobs() {
		document := permissions.For(job, all(), place)
		for _, s := range document.Statements {
			if !slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasPrefix(a, "iam:") }) {
				continue
			}
			for _, on := range s.Resource {
				if strings.HasPrefix(on, "arn:") && !strings.HasPrefix(on, "arn:aws:iam:") { // of another service
					continue
				}
				ofService := strings.HasPrefix(on, "arn:aws:iam::"+place.Account+":role/aws-service-role/")
				if ofService && slices.Equal(s.Action, policy.Values{"iam:CreateServiceLinkedRole"}) {
					continue
				}
				if on != n.RoleARN && on != n.BoundaryARN {
					t.Errorf("%s may do %v on %s", job, s.Action, on)
				}
			}
		}
		for service, may := range map[string]bool{"cloudtrail.amazonaws.com": true, "lambda.amazonaws.com": false, "ec2.amazonaws.com": false} {
			r := policy.Request{Action: "iam:PassRole", Resource: n.RoleARN, Context: map[string][]string{"iam:PassedToService": {service}}}
			if d := policy.Evaluate([]policy.Document{document}, r); d.Allowed() && !may {
				t.Errorf("%s hands the role to %s", job, service)
			}
		}
	}
}

// Whatever policies the role has, it writes streams of its log group and does nothing
// else; and what CloudTrail needs of it is within that.
func TestRoleIsBounded(t *testing.T) {
	for name, spec := range specs() {
		bounds := []policy.Document{spec.RoleBoundary(place)}
		group := spec.Names(place).LogGroupARN
		for action, on := range map[string]string{
			"iam:CreateUser": "arn:aws:iam::" + place.Account + ":user/thief", "sts:AssumeRole": "arn:aws:iam::" + place.Account + ":role/admin",
			"s3:GetObject": spec.Names(place).BucketARN + "/log", "logs:DeleteLogGroup": group + ":*", "logs:DeleteLogStream": group + ":log-stream:a",
			"logs:PutLogEvents": group + "-other:log-stream:a", "kms:Decrypt": "arn:aws:kms:eu-west-2:123456789012:key/1",
		} {
			if policy.Evaluate(bounds, policy.Request{Action: action, Resource: on}).Allowed() {
				t.Errorf("%s: the boundary allows %s on %s", name, action, on)
			}
		}
		for _, s := range spec.RolePolicy(place).Statements {
			for _, on := range s.Resource {
				r := policy.Request{Action: s.Action[0], Resource: strings.ReplaceAll(on, "*", "1")}
				if d := policy.Evaluate(bounds, r); !d.Allowed() {
					t.Errorf("%s: the boundary forbids what CloudTrail needs: %s", name, d.Why)
				}
			}
		}
	}
}
