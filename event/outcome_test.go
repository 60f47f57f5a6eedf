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
