package identity

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// Learn learns the owners of new credentials from the answer of a call to IAM or STS.
// They are on disk when it returns.
func (d *Directory) Learn(op operation.Operation, x *exchange.Exchange) error {
	if x.Status/100 != 2 || !x.Response.Whole {
		return nil
	}
	learn := lessons(op)
	if learn == nil {
		return nil
	}
	asked, told := parameters(x), leaves(x.Response.Bytes)
	d.mu.Lock()
	defer d.mu.Unlock()
	changes := learn(d, lesson{op: op, arrived: x.Arrived, asked: asked, told: told})
	if len(changes) == 0 {
		return nil
	}
	for _, c := range changes {
		d.take(c)
	}
	d.ongoing += len(changes)
	if d.ongoing > 1000+d.kept {
		return d.rewrite()
	}
	return d.ledger.append(changes)
}

// lesson is a call whose answer says something about credentials.
type lesson struct {
	op      operation.Operation
	arrived time.Time
	asked   map[string]string // parameters
	told    map[string]string // texts of the answer, by the last two names of their path
}

// lessons returns how to learn from an operation, nil if there is nothing to learn.
func lessons(op operation.Operation) func(*Directory, lesson) []change {
	switch op.EventSource {
	case "iam.amazonaws.com":
		switch op.Name {
		case "CreateUser":
			return (*Directory).newUser
		case "UpdateUser":
			return (*Directory).renamedUser
		case "DeleteUser":
			return (*Directory).goneUser
		case "CreateAccessKey":
			return (*Directory).newKey
		case "DeleteAccessKey":
			return (*Directory).goneKey
		}
	case "sts.amazonaws.com":
		switch op.Name {
		case "AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML":
			return (*Directory).assumed
		case "GetSessionToken":
			return (*Directory).session
		case "GetFederationToken":
			return (*Directory).federated
		}
	}
	return nil
}

func (d *Directory) newUser(l lesson) []change {
	name := l.told["User.Arn"]
	u := user{Account: arn.Account(name), Name: l.told["User.UserName"], ID: l.told["User.UserId"], ARN: name}
	if u.Account == "" || u.Name == "" {
		return nil
	}
	return []change{{User: &u}}
}

// renamedUser changes the ARN of a user and of the user's keys.
func (d *Directory) renamedUser(l lesson) []change {
	old := d.users[d.accountOf(l.op)+"/"+l.asked["UserName"]]
	if old == nil {
		return nil
	}
	renamed := *old
	if name := l.asked["NewUserName"]; name != "" {
		renamed.Name = name
	}
	prefix, resource, _ := strings.Cut(old.ARN, ":user/")
	path := strings.TrimSuffix(resource, lastOf(resource))
	if l.asked["NewPath"] != "" {
		path = strings.TrimPrefix(l.asked["NewPath"], "/")
	}
	renamed.ARN = prefix + ":user/" + path + renamed.Name
	changes := []change{{Gone: old}, {User: &renamed}}
	for _, p := range d.people {
		if p.Type == "IAMUser" && p.ARN == old.ARN {
			moved := *p
			moved.ARN, moved.UserName = renamed.ARN, renamed.Name
			changes = append(changes, change{Person: &moved})
		}
	}
	return changes
}

func (d *Directory) goneUser(l lesson) []change {
	gone := d.users[d.accountOf(l.op)+"/"+l.asked["UserName"]]
	if gone == nil {
		return nil
	}
	return []change{{Gone: gone}}
}

// newKey learns the key of a user whose creation was seen. For other users the
// upstream knows more than the answer has.
func (d *Directory) newKey(l lesson) []change {
	key, name := l.told["AccessKey.AccessKeyId"], l.told["AccessKey.UserName"]
	delete(d.asked, key)
	u := d.users[d.accountOf(l.op)+"/"+name]
	if key == "" || u == nil {
		return nil
	}
	return []change{{Person: &person{
		Key: key, Type: "IAMUser", PrincipalID: u.ID, ARN: u.ARN, Account: u.Account, UserName: u.Name,
	}}}
}

// goneKey keeps a deleted key for a while. If the upstream still accepts it, the caller
// is its former owner, not the account's root user.
func (d *Directory) goneKey(l lesson) []change {
	p := d.people[l.asked["AccessKeyId"]]
	if p == nil {
		return nil
	}
	gone := *p
	gone.Expires = l.arrived
	return []change{{Person: &gone}}
}

func (d *Directory) assumed(l lesson) []change {
	p := personOf(l.told["AssumedRoleUser.Arn"], l.told["AssumedRoleUser.AssumedRoleId"], "", l.arrived)
	if p == nil || p.Issuer == nil {
		return nil
	}
	if strings.HasSuffix(l.asked["RoleArn"], "/"+p.Issuer.UserName) {
		p.Issuer.ARN = l.asked["RoleArn"] // with the path, which the session's ARN lacks
	}
	p.SourceIdentity = l.told["AssumeRoleResult.SourceIdentity"]
	if p.SourceIdentity == "" {
		p.SourceIdentity = l.asked["SourceIdentity"]
	}
	if caller := d.owner(l.op); p.SourceIdentity == "" && l.op.Name == "AssumeRole" && caller != nil {
		p.SourceIdentity = caller.SourceIdentity // kept through role chaining
	}
	p.TransitiveTags = l.transitiveTags(d.owner(l.op))
	if l.op.Name == "AssumeRoleWithWebIdentity" {
		p.Provider = federatedProvider(l, p.Account)
	}
	p.MFA = l.asked["TokenCode"] != ""
	return l.credentials(p, time.Hour)
}

func (d *Directory) session(l lesson) []change {
	caller := d.owner(l.op)
	if caller == nil {
		return nil
	}
	p := *caller
	p.Created, p.MFA = l.arrived, l.asked["TokenCode"] != ""
	return l.credentials(&p, 12*time.Hour)
}

func (d *Directory) federated(l lesson) []change {
	p := personOf(l.told["FederatedUser.Arn"], l.told["FederatedUser.FederatedUserId"], "", l.arrived)
	caller := d.owner(l.op)
	if p == nil || caller == nil {
		return nil
	}
	p.Issuer = &issuer{caller.Type, caller.PrincipalID, caller.ARN, caller.Account, caller.UserName}
	return l.credentials(p, 12*time.Hour)
}

// credentials gives p the key of the answer. It expires by the sandbox's clock, as the
// upstream's Expiration may be by another one.
func (l lesson) credentials(p *person, lasting time.Duration) []change {
	p.Key, p.Token = l.told["Credentials.AccessKeyId"], hashOf(l.told["Credentials.SessionToken"])
	if p.Key == "" {
		return nil
	}
	if seconds, err := strconv.Atoi(l.asked["DurationSeconds"]); err == nil && seconds > 0 {
		lasting = time.Duration(min(seconds, 36*60*60)) * time.Second
	}
	p.Expires = l.arrived.Add(lasting)
	return []change{{Person: p}}
}

// owner returns the signer of a call, without asking the upstream.
func (d *Directory) owner(op operation.Operation) *person {
	key := slot(op.AccessKey, op.SessionToken)
	if p := d.people[key]; p != nil {
		return p
	}
	if a, ok := d.asked[key]; ok {
		return a.person
	}
	return nil
}

func (d *Directory) accountOf(op operation.Operation) string {
	if p := d.owner(op); p != nil {
		return p.Account
	}
	return d.account
}

// take applies a change in memory.
func (d *Directory) take(c change) {
	switch {
	case c.Person != nil:
		c.Person.identity = c.Person.describe()
		d.people[c.Person.slot()] = c.Person
	case c.User != nil:
		d.users[c.User.Account+"/"+c.User.Name] = c.User
	case c.Gone != nil:
		delete(d.users, c.Gone.Account+"/"+c.Gone.Name)
	}
}

// rewrite removes expired sessions from memory and from the ledger.
func (d *Directory) rewrite() error {
	over := d.now().Add(-afterExpiry)
	maps.DeleteFunc(d.people, func(_ string, p *person) bool {
		return !p.Expires.IsZero() && p.Expires.Before(over)
	})
	d.ongoing, d.kept = 0, len(d.people)+len(d.users)
	var changes []change
	for _, key := range slices.Sorted(maps.Keys(d.users)) {
		changes = append(changes, change{User: d.users[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(d.people)) {
		changes = append(changes, change{Person: d.people[key]})
	}
	return d.ledger.replace(changes)
}
