package event

// Identity holds the fields of userIdentity that identify the caller, for
// searching. Every value aliases the record; nil means absent, null or not a
// string. The record's userIdentity has more members than these.
type Identity struct {
	Type, PrincipalID, ARN, AccountID, AccessKeyID, UserName, InvokedBy []byte

	IssuerType, IssuerARN, IssuerUserName []byte // sessionContext.sessionIssuer
	SourceIdentity                        []byte // sessionContext.sourceIdentity
	MFAAuthenticated                      []byte // sessionContext.attributes, "true" or "false"
	UserID                                []byte // onBehalfOf.userId, of an Identity Center user
}

// Decode reads the userIdentity value of a decoded record. A value that is not
// an object gives an empty Identity.
func (id *Identity) Decode(v Value) { id.DecodeText(v.Raw) }

// DecodeText reads the text of a userIdentity that was part of a decoded
// record.
func (id *Identity) DecodeText(raw []byte) {
	*id = Identity{}
	onBehalf := Value{}
	eachMember(raw, func(name []byte, v Value) {
		switch string(name) {
		case "type":
			id.Type, _ = v.Text()
		case "principalId":
			id.PrincipalID, _ = v.Text()
		case "arn":
			id.ARN, _ = v.Text()
		case "accountId":
			id.AccountID, _ = v.Text()
		case "accessKeyId":
			id.AccessKeyID, _ = v.Text()
		case "userName":
			id.UserName, _ = v.Text()
		case "invokedBy":
			id.InvokedBy, _ = v.Text()
		case "sessionContext":
			eachMember(v.Raw, id.session)
		case "onBehalfOf":
			if !onBehalf.Present() {
				onBehalf = v
			}
		}
	})
	id.UserID, _ = onBehalf.First("userId").Text()
}

func (id *Identity) session(name []byte, v Value) {
	switch string(name) {
	case "sessionIssuer":
		eachMember(v.Raw, id.issuer)
	case "sourceIdentity":
		id.SourceIdentity, _ = v.Text()
	case "attributes":
		eachMember(v.Raw, func(name []byte, v Value) {
			if string(name) == "mfaAuthenticated" {
				id.MFAAuthenticated = v.bare()
			}
		})
	}
}

func (id *Identity) issuer(name []byte, v Value) {
	switch string(name) {
	case "type":
		id.IssuerType, _ = v.Text()
	case "arn":
		id.IssuerARN, _ = v.Text()
	case "userName":
		id.IssuerUserName, _ = v.Text()
	}
}

// bare returns a string's text, or the text of true and false.
func (v Value) bare() []byte {
	if text, ok := v.Text(); ok {
		return text
	}
	if _, ok := v.Bool(); ok {
		return v.Raw
	}
	return nil
}
