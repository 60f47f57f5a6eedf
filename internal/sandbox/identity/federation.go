package identity

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/internal/sandbox/exchange"
	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// unsigned returns the caller of a request without a signature.
func (d *Directory) unsigned(op operation.Operation, x *exchange.Exchange) Identity {
	if op.EventSource == "sts.amazonaws.com" {
		asked, told := parameters(x), map[string]string{}
		if x.Response.Whole {
			told = leaves(x.Response.Bytes)
		}
		account := cmp.Or(arn.Account(asked["RoleArn"]), d.account)
		l := lesson{op: op, asked: asked, told: told}
		switch op.Name {
		case "AssumeRoleWithWebIdentity":
			return webIdentity(l, account)
		case "AssumeRoleWithSAML":
			return samlUser(l, account)
		}
	}
	nobody := ""
	return Identity{
		Account:      d.account,
		UserIdentity: userIdentity{Type: "AWSAccount", PrincipalID: &nobody, AccountID: anonymous}.identity("").UserIdentity,
	}
}

func webIdentity(l lesson, account string) Identity {
	token := claimsOf(l.asked["WebIdentityToken"])
	provider := federatedProvider(l, account)
	id := provider + ":" + token.audience() + ":" + token.Subject
	return userIdentity{
		Type: "WebIdentityUser", PrincipalID: &id, UserName: token.Subject, IdentityProvider: provider,
	}.identity(account)
}

func samlUser(l lesson, account string) Identity {
	qualifier, subject := l.told["AssumeRoleWithSAMLResult.NameQualifier"], l.told["AssumeRoleWithSAMLResult.Subject"]
	id := qualifier + ":" + subject
	return userIdentity{
		Type: "SAMLUser", PrincipalID: &id, UserName: subject, IdentityProvider: qualifier,
	}.identity(account)
}

// federatedProvider returns CloudTrail's name of the provider of a web identity: the
// domain of OAuth providers, the ARN of OpenID Connect providers.
func federatedProvider(l lesson, account string) string {
	if provider := l.asked["ProviderId"]; provider != "" {
		return provider
	}
	issuer := strings.TrimPrefix(claimsOf(l.asked["WebIdentityToken"]).Issuer, "https://")
	if issuer == "" {
		issuer = l.told["AssumeRoleWithWebIdentityResult.Provider"]
	}
	switch {
	case issuer == "accounts.google.com", issuer == "cognito-identity.amazonaws.com", issuer == "",
		arn.Begins(issuer):
		return issuer
	}
	return arn.Build(partition.Of(l.op.Region).ID, "iam", "", account, "oidc-provider/"+issuer)
}

// claims are the claims of a JSON Web Token.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience any    `json:"aud"` // a string or a list

	Tags tokenTags `json:"https://aws.amazon.com/tags"`
}

func (c claims) audience() string {
	switch audience := c.Audience.(type) {
	case string:
		return audience
	case []any:
		if len(audience) > 0 {
			first, _ := audience[0].(string)
			return first
		}
	}
	return ""
}

// claimsOf decodes a token without verifying it. That is left to the upstream.
func claimsOf(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(text, &c) != nil {
		return claims{}
	}
	return c
}
