package identity

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// person is the owner of an access key.
type person struct {
	Key         string `json:"key"`
	Token       string `json:"token,omitempty"` // the hash of the session's
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	Account     string `json:"account"`
	UserName    string `json:"userName,omitempty"`

	// For sessions only.
	Created        time.Time `json:"created,omitzero"`
	Expires        time.Time `json:"expires,omitzero"`
	MFA            bool      `json:"mfa,omitempty"`
	Issuer         *issuer   `json:"issuer,omitempty"`
	Provider       string    `json:"federatedProvider,omitempty"`
	SourceIdentity string    `json:"sourceIdentity,omitempty"`
	// TransitiveTags are the tags that sessions of roles assumed from this one inherit.
	TransitiveTags map[string]string `json:"transitiveTags,omitempty"`

	identity Identity
}

// user is an IAM user, for the keys it gets later.
type user struct {
	Account string `json:"account"`
	Name    string `json:"name"`
	ID      string `json:"id"`
	ARN     string `json:"arn"`
}

// slot returns the key of Directory.people for credentials.
func slot(accessKey, sessionToken string) string {
	if sessionToken == "" {
		return accessKey
	}
	return accessKey + " " + hashOf(sessionToken)
}

func (p *person) slot() string {
	if p.Token == "" {
		return p.Key
	}
	return p.Key + " " + p.Token
}

func hashOf(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:12])
}

func rootOf(op operation.Operation, account string) *person {
	return &person{
		Key: op.AccessKey, Type: "Root", PrincipalID: account,
		ARN: arn.Build(partition.Of(op.Region).ID, "iam", "", account, rootResource), Account: account,
	}
}

// personOf returns the owner by the answer of GetCallerIdentity, nil if the ARN is not
// that of a principal.
func personOf(name, userID, account string, now time.Time) *person {
	a, err := arn.Parse(name)
	if err != nil {
		return nil
	}
	account = cmp.Or(account, a.AccountID)
	p := &person{ARN: name, PrincipalID: userID, Account: account}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case rootResource:
		p.Type, p.PrincipalID = "Root", account
	case "user":
		p.Type, p.UserName = "IAMUser", lastOf(rest)
	case "assumed-role":
		role, _, _ := strings.Cut(rest, "/")
		roleID, _, _ := strings.Cut(userID, ":")
		p.Type, p.Created = "AssumedRole", now
		p.Issuer = &issuer{
			Type: "Role", PrincipalID: roleID, AccountID: account, UserName: role,
			ARN: arn.Build(a.Partition, "iam", "", account, "role/"+role),
		}
	case "federated-user":
		p.Type, p.Created = "FederatedUser", now
	default:
		return nil
	}
	return p
}

func lastOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// userIdentity is the userIdentity of a record.
type userIdentity struct {
	Type             string          `json:"type"`
	PrincipalID      *string         `json:"principalId,omitempty"`
	ARN              string          `json:"arn,omitempty"`
	AccountID        string          `json:"accountId,omitempty"`
	AccessKeyID      string          `json:"accessKeyId,omitempty"`
	UserName         string          `json:"userName,omitempty"`
	IdentityProvider string          `json:"identityProvider,omitempty"`
	SessionContext   *sessionContext `json:"sessionContext,omitempty"`
	InvokedBy        string          `json:"invokedBy,omitempty"`
}

type sessionContext struct {
	SessionIssuer       issuer              `json:"sessionIssuer"`
	WebIDFederationData webIDFederationData `json:"webIdFederationData"`
	Attributes          sessionAttributes   `json:"attributes"`
	SourceIdentity      string              `json:"sourceIdentity,omitempty"`
}

type issuer struct {
	Type        string `json:"type,omitempty"`
	PrincipalID string `json:"principalId,omitempty"`
	ARN         string `json:"arn,omitempty"`
	AccountID   string `json:"accountId,omitempty"`
	UserName    string `json:"userName,omitempty"`
}

type webIDFederationData struct {
	FederatedProvider string    `json:"federatedProvider,omitempty"`
	Attributes        *struct{} `json:"attributes,omitempty"`
}

type sessionAttributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"`
}

func (p *person) describe() Identity {
	written := userIdentity{
		Type: p.Type, PrincipalID: &p.PrincipalID, ARN: p.ARN, AccountID: p.Account,
		AccessKeyID: p.Key, UserName: p.UserName,
	}
	if !p.Created.IsZero() {
		session := &sessionContext{SourceIdentity: p.SourceIdentity}
		if p.Issuer != nil {
			session.SessionIssuer = *p.Issuer
		}
		if p.Provider != "" {
			session.WebIDFederationData = webIDFederationData{p.Provider, &struct{}{}}
		}
		session.Attributes.CreationDate = p.Created.UTC().Format("2006-01-02T15:04:05Z")
		session.Attributes.MFAAuthenticated = "false"
		if p.MFA {
			session.Attributes.MFAAuthenticated = "true"
		}
		written.SessionContext = session
	}
	described := written.identity(p.Account)
	described.TransitiveTags = p.TransitiveTags
	return described
}

func (u userIdentity) identity(account string) Identity {
	text, _ := json.Marshal(u) // strings always marshal
	return Identity{Account: account, UserIdentity: text, Arn: u.ARN}
}

// Service returns the identity of an AWS service that makes calls, such as
// cloudtrail.amazonaws.com.
func Service(name, account string) Identity {
	return userIdentity{Type: "AWSService", InvokedBy: name}.identity(account)
}
