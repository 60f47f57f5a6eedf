package event

import (
	"bytes"
	"cmp"

	"github.com/cerpac/trailkeeper/arn/partition"
)

// Principal is the actor to whom an event is attributed.
type Principal struct {
	Kind PrincipalKind

	// Name is the actor's ARN if the record has one, otherwise the most specific
	// of its other names, with its account. It is empty when the record names
	// nobody, as in Insights events.
	Name string
}

// PrincipalKind is the kind of an actor. The kinds are AWS's types of
// userIdentity. If the type is missing or unknown, the kind is derived from the
// other members of the identity.
type PrincipalKind string

// The kinds of principals, with the types they stand for.
const (
	RootPrincipal           PrincipalKind = "root"            // Root
	UserPrincipal           PrincipalKind = "user"            // IAMUser
	RolePrincipal           PrincipalKind = "role"            // AssumedRole, Role: a session of a role
	FederatedPrincipal      PrincipalKind = "federated"       // FederatedUser
	WebIdentityPrincipal    PrincipalKind = "web-identity"    // WebIdentityUser
	SAMLPrincipal           PrincipalKind = "saml"            // SAMLUser
	IdentityCenterPrincipal PrincipalKind = "identity-center" // IdentityCenterUser
	DirectoryPrincipal      PrincipalKind = "directory"       // Directory
	AccountPrincipal        PrincipalKind = "account"         // AWSAccount: a caller of another account
	ServicePrincipal        PrincipalKind = "service"         // AWSService
	AnonymousPrincipal      PrincipalKind = "anonymous"       // AWSAccount without credentials, as of a public bucket
	UnknownPrincipal        PrincipalKind = "unknown"         // Unknown, and a failed sign-in that names no user
)

// HiddenUserName replaces the user name of a failed sign-in of a user that does
// not exist, as people type passwords there.
const HiddenUserName = "HIDDEN_DUE_TO_SECURITY_REASONS"

// Principal returns the actor to whom the event is attributed.
func (r *Record) Principal() Principal {
	var id Identity
	id.Decode(r.Get(UserIdentity))
	return id.Principal(r.Text(AWSRegion))
}

// Principal returns the actor of an event in a Region.
//
// A session of a role is named by its own ARN, which has the names of the role
// and of the session: with IAM Identity Center and with federation the session
// is the person. Its role is IssuerARN. An Identity Center user is named by its
// user id, since most events have no other name of it.
func (id *Identity) Principal(region []byte) Principal {
	kind := id.kind()
	return Principal{kind, id.principalName(kind, region)}
}

func (id *Identity) kind() PrincipalKind {
	switch string(id.Type) {
	case "Root":
		return RootPrincipal
	case "IAMUser":
		if string(id.UserName) == HiddenUserName || len(id.UserName)+len(id.ARN)+len(id.PrincipalID) == 0 {
			return UnknownPrincipal
		}
		return UserPrincipal
	case "AssumedRole", "Role":
		return RolePrincipal
	case "FederatedUser":
		return FederatedPrincipal
	case "WebIdentityUser":
		return WebIdentityPrincipal
	case "SAMLUser":
		return SAMLPrincipal
	case "IdentityCenterUser":
		return IdentityCenterPrincipal
	case "Directory":
		return DirectoryPrincipal
	case "AWSAccount":
		if account := string(id.AccountID); account == "anonymous" || account == "ANONYMOUS_PRINCIPAL" {
			return AnonymousPrincipal
		}
		return AccountPrincipal
	case "AWSService":
		return ServicePrincipal
	}
	return id.impliedKind()
}

// impliedKind returns the kind of an actor whose type is missing or unknown.
func (id *Identity) impliedKind() PrincipalKind {
	in := func(part string) bool { return bytes.Contains(id.ARN, []byte(part)) }
	switch {
	case len(id.UserID) > 0:
		return IdentityCenterPrincipal
	case in(":assumed-role/") || in(":role/"):
		return RolePrincipal
	case in(":federated-user/"):
		return FederatedPrincipal
	case in(":user/"):
		return UserPrincipal
	case bytes.HasSuffix(id.ARN, []byte(":root")):
		return RootPrincipal
	case len(id.ARN) == 0 && len(id.UserName) == 0 && len(id.InvokedBy) > 0:
		return ServicePrincipal
	}
	return UnknownPrincipal
}

// principalName returns the best name that the record has for an actor of the
// kind.
func (id *Identity) principalName(kind PrincipalKind, region []byte) string {
	account, user := string(id.AccountID), id.qualified(id.UserName)
	own, made := "", ""
	switch kind {
	case AnonymousPrincipal:
		return "anonymous"
	case ServicePrincipal:
		own = string(id.InvokedBy)
	case IdentityCenterPrincipal:
		own = string(id.UserID)
	case WebIdentityPrincipal, SAMLPrincipal:
		made = string(id.PrincipalID) // the provider and the user's name there
	case RootPrincipal:
		user = "" // the alias of the account
		if account != "" {
			made = iamARN(account, region) + ":root"
		}
	case UserPrincipal:
		if account != "" && len(id.UserName) > 0 {
			// A sign-in that failed has no ARN. This is the user's, but for a path.
			made = iamARN(account, region) + ":user/" + string(id.UserName)
		}
	}
	return cmp.Or(own, string(id.ARN), made, user, id.qualified(id.PrincipalID), string(id.InvokedBy), account)
}

// qualified returns a name with its account, unless it starts with it.
func (id *Identity) qualified(name []byte) string {
	if len(name) == 0 || len(id.AccountID) == 0 || bytes.HasPrefix(name, id.AccountID) {
		return string(name)
	}
	return string(id.AccountID) + ":" + string(name)
}

// iamARN returns the part of an IAM ARN before the resource.
func iamARN(account string, region []byte) string {
	return "arn:" + partition.Of(string(region)).ID + ":iam::" + account
}
