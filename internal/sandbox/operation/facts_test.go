package operation_test

import (
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/operation"
)

// TestSensitive: a name may be a secret of one operation, one side or one place only.
func TestSensitive(t *testing.T) {
	const in, out = operation.Input, operation.Output
	for _, test := range []struct {
		service, operation string
		side               operation.Side
		member             string
		path               []string
		want               bool
	}{
		{"secretsmanager", "PutSecretValue", in, "SecretString", nil, true},
		{"secretsmanager", "PutSecretValue", in, "Name", nil, false},
		{"ec2", "ReportInstanceStatus", in, "Description", nil, true},
		{"ec2", "CreateImage", in, "Description", nil, false},
		{"ec2", "ModifyInstanceAttribute", in, "Value", []string{"UserData"}, true},
		{"ec2", "ModifyInstanceAttribute", in, "Value", []string{"InstanceType"}, false},
		{"organizations", "InviteAccountToOrganization", in, "Id", []string{"Target"}, true},
		{"organizations", "InviteAccountToOrganization", out, "Id", []string{"Handshake"}, false},
		{"organizations", "InviteAccountToOrganization", out, "Id", []string{"Handshake", "Parties"}, true},
		{"account-of-nobody", "PutThing", in, "Password", nil, false}, // no model says so
	} {
		op := operation.Operation{Service: test.service, Name: test.operation, Certain: true}
		if got := op.Sensitive(test.side, test.member, test.path...); got != test.want {
			t.Errorf("%s %s%s %v %s: sensitive is %v", test.service, test.operation, test.side, test.path, test.member, got)
		}
	}
	unknown := operation.Operation{Service: "ec2", Name: "PostThing"}
	if !unknown.Sensitive(in, "Description") {
		t.Error("what is a secret of some operation is shown for one that nobody knows")
	}
	invoke := operation.Operation{Service: "lambda", Name: "Invoke", Certain: true}
	create := operation.Operation{Service: "lambda", Name: "CreateFunction", Certain: true}
	if !invoke.SensitiveBody(in) || create.SensitiveBody(in) {
		t.Error("bodies that are a secret are not told apart")
	}
}
