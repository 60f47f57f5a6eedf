package event

import "testing"

func TestFailedAndChanged(t *testing.T) {
	const signIn = `"eventSource":"signin.amazonaws.com","eventType":"AwsConsoleSignIn","eventName":"ConsoleLogin","readOnly":false`
	const call = `"eventSource":"ec2.amazonaws.com","eventType":"AwsApiCall","eventName":"RunInstances"`
	for name, c := range map[string]struct {
		members         string
		failed, changed bool
	}{
		"call that writes":           {call + `,"readOnly":false`, false, true},
		"call that reads":            {call + `,"readOnly":true`, false, false},
		"call that reads, as text":   {call + `,"readOnly":"true"`, false, false},
		"call that does not say":     {call, false, true},
		"call that says null":        {call + `,"readOnly":null,"errorCode":null,"errorMessage":null`, false, true},
		"no call":                    {`"eventCategory":"Insight"`, false, false},
		"denied":                     {call + `,"readOnly":false,"errorCode":"AccessDenied"`, true, false},
		"number for a code":          {call + `,"readOnly":false,"errorCode":403`, true, false},
		"empty code":                 {call + `,"errorCode":""`, false, true},
		"message without a code":     {call + `,"errorMessage":"it broke"`, true, false},
		"number for a message":       {call + `,"errorMessage":403`, true, false},
		"empty message":              {call + `,"errorMessage":""`, false, true},
		"sign-in":                    {signIn + `,"responseElements":{"ConsoleLogin":"Success"}`, false, true},
		"failed sign-in":             {signIn + `,"errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"}`, true, false},
		"failed sign-in, no message": {signIn + `,"responseElements":{"ConsoleLogin":"Failure"}`, true, false},
		"failed second factor":       {`"eventSource":"signin.amazonaws.com","eventName":"CheckMfa","responseElements":{"CheckMfa":"Failure"}`, true, false},
		"failed switch of roles":     {`"eventType":"AwsConsoleSignIn","eventName":"SwitchRole","responseElements":{ "SwitchRole" : "F\u0061ilure" }`, true, false},
		"failed in Identity Center": {`"eventSource":"signin.amazonaws.com","eventType":"AwsServiceEvent","eventName":"CredentialVerification","serviceEventDetails":{"CredentialVerification":"Failure"}`,
			true, false},
		"Failure in another call": {call + `,"responseElements":{"state":"Failure"}`, false, true},
		"deeper":                  {signIn + `,"responseElements":{"a":{"ConsoleLogin":"Failure"}}`, false, true},
	} {
		r := decode(t, "{"+c.members+"}")
		if r.Failed() != c.failed || r.Changed() != c.changed {
			t.Errorf("%s: failed=%t changed=%t, want %t and %t", name, r.Failed(), r.Changed(), c.failed, c.changed)
		}
	}
}

// A record that tells of anybody has a principal, and one that failed changed
// nothing.
func FuzzPrincipal(f *testing.F) {
	f.Add([]byte(`{"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","responseElements":{"ConsoleLogin":"Failure"},"userIdentity":{"type":"IAMUser","userName":"heron"}}`))
	f.Add([]byte(`{"errorCode":403,"userIdentity":{"type":"IdentityCenterUser","onBehalfOf":{"userId":"1"},"onBehalfOf":{}}}`))
	f.Add([]byte(`{"awsRegion":"cn-north-1","userIdentity":{"type":"Root","accountId":"210987654321","arn":""}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Record
		if _, err := r.Decode(data); err != nil {
			return
		}
		if r.Failed() && r.Changed() {
			t.Errorf("failed and changed something: %s", data)
		}
		var id Identity
		id.Decode(r.Get(UserIdentity))
		who := r.Principal()
		if who.Kind == "" {
			t.Errorf("no kind: %s", data)
		}
		names := len(id.ARN) + len(id.PrincipalID) + len(id.InvokedBy) + len(id.AccountID)
		if who.Name == "" && names > 0 {
			t.Errorf("%s, but nobody: %s", who.Kind, data)
		}
	})
}
