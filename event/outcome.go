package event

// Failed reports whether the call of the event failed: the record has an error
// code, of any JSON type, or an error message, or it is a failed sign-in.
// CloudTrail gives failed sign-ins no error code: {"ConsoleLogin": "Failure"}
// is in their responseElements, and in IAM Identity Center
// {"CredentialVerification": "Failure"} in their serviceEventDetails.
func (r *Record) Failed() bool {
	code := r.Get(ErrorCode)
	if text, ok := code.Text(); ok && len(text) > 0 || !ok && code.Present() && !code.IsNull() {
		return true
	}
	if r.says(ErrorMessage) {
		return true
	}
	return r.isSignIn() && (hasFailure(r.Get(ResponseElements)) || hasFailure(r.Get(ServiceEventDetails)))
}

// Changed reports whether the event is a call that may have changed something:
// it did not fail and is not marked as read-only. Records without readOnly,
// such as many old ones, count as changes.
func (r *Record) Changed() bool {
	return r.says(EventName) && !r.readsOnly() && !r.Failed()
}

// says reports whether a member has a non-empty text, or a number in place of
// one.
func (r *Record) says(f Field) bool {
	v := r.Get(f)
	text, _ := v.Text()
	return len(text) > 0 || v.IsNumber()
}

func (r *Record) readsOnly() bool { return string(r.Get(ReadOnly).bare()) == "true" }

func (r *Record) isSignIn() bool {
	return string(r.Text(EventSource)) == "signin.amazonaws.com" || string(r.Text(EventType)) == "AwsConsoleSignIn"
}

// hasFailure reports whether a member of an object is "Failure". The member has
// the name of the event: ConsoleLogin, CheckMfa, SwitchRole and others.
func hasFailure(v Value) (failure bool) {
	v.Members(func(_ []byte, member Value) {
		text, _ := member.Text()
		failure = failure || string(text) == "Failure"
	})
	return failure
}
