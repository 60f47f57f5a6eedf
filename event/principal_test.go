package event

import (
	"strings"
	"testing"
)

const testRoleSession = `"type":"AssumedRole","principalId":"AROAEXAMPLEAUDITOR01:osprey","arn":"arn:aws:sts::210987654321:assumed-role/auditor/osprey","accountId":"210987654321"`

func TestPrincipal(t *testing.T) {
	for name, c := range map[string]struct {
		identity string // the members of userIdentity
		kind     PrincipalKind
		want     string
	}{
		"root": {`"type":"Root","principalId":"210987654321","arn":"arn:aws:iam::210987654321:root","accountId":"210987654321","userName":"our-alias"`,
			RootPrincipal, "arn:aws:iam::210987654321:root"},
		"root without an ARN": {`"type":"Root","accountId":"210987654321","userName":"our-alias"`, RootPrincipal, "arn:aws:iam::210987654321:root"},
		"user":                {`"type":"IAMUser","arn":"arn:aws:iam::210987654321:user/team/heron","accountId":"210987654321","userName":"heron"`, UserPrincipal, "arn:aws:iam::210987654321:user/team/heron"},
		"failed sign-in":      {`"type":"IAMUser","accountId":"210987654321","accessKeyId":"","userName":"heron"`, UserPrincipal, "arn:aws:iam::210987654321:user/heron"},
		"hidden user name": {`"type":"IAMUser","accountId":"210987654321","accessKeyId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"`,
			UnknownPrincipal, "210987654321:HIDDEN_DUE_TO_SECURITY_REASONS"},
		"failed sign-in without a user name": {`"type":"IAMUser","accountId":"210987654321","accessKeyId":""`, UnknownPrincipal, "210987654321"},
		"session of a role":                  {testRoleSession, RolePrincipal, "arn:aws:sts::210987654321:assumed-role/auditor/osprey"},
		"session with a source identity":     {testRoleSession + `,"sessionContext":{"sourceIdentity":"wren"}`, RolePrincipal, "arn:aws:sts::210987654321:assumed-role/auditor/osprey"},
		"session of an Identity Center user": {testRoleSession + `,"onBehalfOf":{"userId":"1111-aaaa"}`, RolePrincipal, "arn:aws:sts::210987654321:assumed-role/auditor/osprey"},
		"session without an ARN":             {`"type":"AssumedRole","principalId":"AROAEXAMPLEAUDITOR01:osprey","accountId":"210987654321"`, RolePrincipal, "210987654321:AROAEXAMPLEAUDITOR01:osprey"},
		"role":                               {`"type":"Role","arn":"arn:aws:iam::210987654321:role/auditor","accountId":"210987654321"`, RolePrincipal, "arn:aws:iam::210987654321:role/auditor"},
		"federated user":                     {`"type":"FederatedUser","principalId":"210987654321:siskin","arn":"arn:aws:sts::210987654321:federated-user/siskin"`, FederatedPrincipal, "arn:aws:sts::210987654321:federated-user/siskin"},
		"federated user without an ARN":      {`"type":"FederatedUser","principalId":"210987654321:siskin","accountId":"210987654321"`, FederatedPrincipal, "210987654321:siskin"},
		"web identity": {`"type":"WebIdentityUser","principalId":"accounts.google.com:app:u1","userName":"u1","identityProvider":"accounts.google.com"`,
			WebIdentityPrincipal, "accounts.google.com:app:u1"},
		"SAML": {`"type":"SAMLUser","principalId":"qualifier=:rail@example.com","userName":"rail@example.com","identityProvider":"qualifier="`,
			SAMLPrincipal, "qualifier=:rail@example.com"},
		"Identity Center": {`"type":"IdentityCenterUser","accountId":"210987654321","onBehalfOf":{"userId":"1111-aaaa","identityStoreArn":"arn:aws:identitystore::210987654321:identitystore/d-1"},"credentialId":"c"`,
			IdentityCenterPrincipal, "1111-aaaa"},
		"Identity Center by name": {`"type":"IdentityCenterUser","accountId":"210987654321","userName":"rail"`, IdentityCenterPrincipal, "210987654321:rail"},
		"directory":               {`"type":"Directory","accountId":"210987654321","userName":"rail"`, DirectoryPrincipal, "210987654321:rail"},
		"other account":           {`"type":"AWSAccount","principalId":"AIDAEXAMPLESTORK0001","accountId":"109876543210"`, AccountPrincipal, "109876543210:AIDAEXAMPLESTORK0001"},
		"other account alone":     {`"type":"AWSAccount","principalId":"","accountId":"109876543210"`, AccountPrincipal, "109876543210"},
		"anonymous":               {`"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"`, AnonymousPrincipal, "anonymous"},
		"anonymous otherwise":     {`"type":"AWSAccount","principalId":"","accountId":"anonymous"`, AnonymousPrincipal, "anonymous"},
		"service":                 {`"type":"AWSService","invokedBy":"rds.amazonaws.com"`, ServicePrincipal, "rds.amazonaws.com"},
		"service for a user":      {`"type":"IAMUser","arn":"arn:aws:iam::210987654321:user/heron","invokedBy":"cloudformation.amazonaws.com"`, UserPrincipal, "arn:aws:iam::210987654321:user/heron"},
		"no type, a service":      {`"accountId":"210987654321","invokedBy":"rds.amazonaws.com"`, ServicePrincipal, "rds.amazonaws.com"},
		"unknown with an ARN":     {`"type":"Unknown","arn":"arn:aws:sts::210987654321:assumed-role/auditor/osprey"`, RolePrincipal, "arn:aws:sts::210987654321:assumed-role/auditor/osprey"},
		"unknown with a name": {`"type":"Unknown","principalId":"210987654321","arn":"","accountId":"210987654321","accessKeyId":"","userName":"rail"`,
			UnknownPrincipal, "210987654321:rail"},
		"unknown with an account": {`"type":"Unknown","principalId":"210987654321","arn":"","accountId":"210987654321"`, UnknownPrincipal, "210987654321"},
		"unknown Identity Center": {`"type":"Unknown","onBehalfOf":{"userId":"1111-aaaa"}`, IdentityCenterPrincipal, "1111-aaaa"},
		"type of tomorrow":        {`"type":"Robot","arn":"arn:aws:iam::210987654321:user/r2"`, UserPrincipal, "arn:aws:iam::210987654321:user/r2"},
		"nothing":                 {``, UnknownPrincipal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := decode(t, `{"awsRegion":"eu-west-2","userIdentity":{`+c.identity+`}}`).Principal()
			if got != (Principal{c.kind, c.want}) {
				t.Errorf("principal = %s %q, want %s %q", got.Kind, got.Name, c.kind, c.want)
			}
		})
	}
}

func TestPrincipalOfOtherPartitions(t *testing.T) {
	for region, want := range map[string]string{
		"cn-north-1":     "arn:aws-cn:iam::210987654321:user/heron",
		"us-gov-east-1":  "arn:aws-us-gov:iam::210987654321:user/heron",
		"us-isob-east-1": "arn:aws-iso-b:iam::210987654321:user/heron",
		"us-east-1":      "arn:aws:iam::210987654321:user/heron",
	} {
		got := decode(t, `{"awsRegion":"`+region+`","userIdentity":{"type":"IAMUser","accountId":"210987654321","userName":"heron"}}`).Principal()
		if got.Name != want {
			t.Errorf("%s: principal = %q, want %q", region, got.Name, want)
		}
	}
}

func decode(t *testing.T, text string) *Record {
	t.Helper()
	var r Record
	if _, err := r.Decode([]byte(text)); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return &r
}

// Every real event that has a userIdentity has a principal, of the kind of its
// type.
func TestPrincipalOfRealEvents(t *testing.T) {
	found := map[string]int{} // by type and kind
	eachRealRecord(t, func(path string, raw []byte) {
		r := decode(t, string(raw))
		who := r.Principal()
		var id Identity
		id.Decode(r.Get(UserIdentity))
		found[string(id.Type)+" is "+string(who.Kind)]++
		if who.Name == "" && strings.HasPrefix(string(r.Get(UserIdentity).Raw), "{") {
			t.Errorf("%s: nobody in %s", path, r.Get(UserIdentity).Raw)
		}
	})
	t.Log(found)
	for _, want := range []string{"IAMUser is user", "AssumedRole is role", "AWSService is service", " is service", "Unknown is role"} {
		if found[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
}
