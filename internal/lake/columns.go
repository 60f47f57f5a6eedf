package lake

import "slices"

// Kind is the type of a column's values.
type Kind string

// The kinds, named as DuckDB names their types.
const (
	Timestamp Kind = "TIMESTAMP" // microseconds, UTC
	Text      Kind = "VARCHAR"
	JSON      Kind = "JSON" // stored as text that is always valid JSON
	Boolean   Kind = "BOOLEAN"
	Integer   Kind = "BIGINT"
	TextList  Kind = "VARCHAR[]"
)

// Schema is the version of the columns of the parts that this program writes.
// It goes up when columns are added, and when a derived column gets another
// meaning. Parts of all versions are read.
const Schema = 3

// Column is one column of a part. The partition columns year, month and day
// are in the path, not in the file.
type Column struct {
	Name  string
	Kind  Kind
	Doc   string
	Since int // first version of the schema that has it

	cell cell
}

// cell says where a Block holds the values of a column.
type cell struct {
	in    storage
	index int // among the columns of that storage
}

type storage int

const (
	inTime storage = iota
	inText
	inBools
	inNulls
	inOffsets
	inVerified
	inLists
)

// The text columns, JSON among them, in the order of Columns. The columns that
// hold one member each as a string come first, then those that hold its JSON
// text, then those derived from other places.
const (
	colEventID = iota
	colEventVersion
	colEventSource
	colEventName
	colAWSRegion
	colSourceIP
	colUserAgent
	colErrorCode
	colErrorMessage
	colRequestID
	colEventType
	colEventCategory
	colAPIVersion
	colRecipient
	colSharedID
	colVPCEndpoint
	colVPCEndpointAccount
	colFromConsole

	colUserIdentity
	colRequest
	colResponse
	colAdditional
	colResources
	colServiceDetails
	colAddendum
	colEdgeDevice
	colTLS
	colInsight
	colContext

	colAccount
	colIdentityType
	colIdentityPrincipal
	colIdentityARN
	colIdentityAccount
	colIdentityKey
	colIdentityUser
	colIdentityInvokedBy
	colIssuerType
	colIssuerARN
	colIssuerUser
	colSourceIdentity
	colLogFile
	colExtra

	colLogFileHash
	colDigest
	colPrincipal
	colPrincipalKind
	colUsername

	numText
	firstJSON    = colUserIdentity
	firstDerived = colAccount
)

// The boolean columns.
const (
	boolReadOnly = iota
	boolManagement
	boolMFA
	boolFailed
	numBool
)

// The columns of lists.
const (
	listResourceNames = iota
	listResourceTypes
	numList
)

// textColumns describes the text columns in the order of the constants above.
func textColumns() []Column {
	return placed(inText, []Column{
		{Name: "event_id", Kind: Text, Doc: "eventID, or eventId of an aggregated event"},
		{Name: "event_version", Kind: Text, Doc: "eventVersion; compare the minor part as a number"},
		{Name: "event_source", Kind: Text, Doc: "eventSource, the service, such as s3.amazonaws.com"},
		{Name: "event_name", Kind: Text, Doc: "eventName, the API call"},
		{Name: "aws_region", Kind: Text, Doc: "awsRegion"},
		{Name: "source_ip_address", Kind: Text, Doc: "sourceIPAddress: an address, a service's name, or AWS Internal"},
		{Name: "user_agent", Kind: Text, Doc: "userAgent"},
		{Name: "error_code", Kind: Text, Doc: "errorCode; NULL when the call succeeded"},
		{Name: "error_message", Kind: Text, Doc: "errorMessage"},
		{Name: "request_id", Kind: Text, Doc: "requestID"},
		{Name: "event_type", Kind: Text, Doc: "eventType, such as AwsApiCall or AwsConsoleSignIn"},
		{Name: "event_category", Kind: Text, Doc: "eventCategory: Management, Data, NetworkActivity, Insight, Aggregated; NULL before eventVersion 1.07"},
		{Name: "api_version", Kind: Text, Doc: "apiVersion"},
		{Name: "recipient_account_id", Kind: Text, Doc: "recipientAccountId"},
		{Name: "shared_event_id", Kind: Text, Doc: "sharedEventID, the same in the copies that several accounts receive, and in both events of an Insight"},
		{Name: "vpc_endpoint_id", Kind: Text, Doc: "vpcEndpointId"},
		{Name: "vpc_endpoint_account_id", Kind: Text, Doc: "vpcEndpointAccountId"},
		{Name: "session_credential_from_console", Kind: Text, Doc: "sessionCredentialFromConsole, \"true\" or NULL"},

		{Name: "user_identity", Kind: JSON, Doc: "userIdentity, whole"},
		{Name: "request_parameters", Kind: JSON, Doc: "requestParameters"},
		{Name: "response_elements", Kind: JSON, Doc: "responseElements"},
		{Name: "additional_event_data", Kind: JSON, Doc: "additionalEventData"},
		{Name: "resources", Kind: JSON, Doc: "resources, an array of objects with ARN or ARNPrefix, accountId and type"},
		{Name: "service_event_details", Kind: JSON, Doc: "serviceEventDetails"},
		{Name: "addendum", Kind: JSON, Doc: "addendum, of a late or corrected event"},
		{Name: "edge_device_details", Kind: JSON, Doc: "edgeDeviceDetails"},
		{Name: "tls_details", Kind: JSON, Doc: "tlsDetails"},
		{Name: "insight_details", Kind: JSON, Doc: "insightDetails, of an Insights event"},
		{Name: "event_context", Kind: JSON, Doc: "eventContext"},

		{Name: "account_id", Kind: Text, Doc: "the account whose event it is: recipientAccountId, or else the account in the log file's name, or else userIdentity.accountId"},
		{Name: "identity_type", Kind: Text, Doc: "userIdentity.type"},
		{Name: "identity_principal_id", Kind: Text, Doc: "userIdentity.principalId"},
		{Name: "identity_arn", Kind: Text, Doc: "userIdentity.arn"},
		{Name: "identity_account_id", Kind: Text, Doc: "userIdentity.accountId"},
		{Name: "identity_access_key_id", Kind: Text, Doc: "userIdentity.accessKeyId"},
		{Name: "identity_user_name", Kind: Text, Doc: "userIdentity.userName"},
		{Name: "identity_invoked_by", Kind: Text, Doc: "userIdentity.invokedBy"},
		{Name: "session_issuer_type", Kind: Text, Doc: "userIdentity.sessionContext.sessionIssuer.type"},
		{Name: "session_issuer_arn", Kind: Text, Doc: "userIdentity.sessionContext.sessionIssuer.arn, the role behind a session"},
		{Name: "session_issuer_user_name", Kind: Text, Doc: "userIdentity.sessionContext.sessionIssuer.userName"},
		{Name: "session_source_identity", Kind: Text, Doc: "userIdentity.sessionContext.sourceIdentity"},
		{Name: "log_file", Kind: Text, Doc: "the log file the event was first read from: its path in the archive folder, or s3://bucket/key; of a file inside another one, PATH!MEMBER"},
		{Name: "extra", Kind: JSON, Doc: "an object of the members that no column holds exactly, verbatim; NULL when there are none"},

		{Name: "log_file_sha256", Kind: Text, Since: 2, Doc: "SHA-256 of that log file as it was delivered, in lower-case hexadecimal; of a file inside another one, that of the other one. NULL when it is not known"},
		{Name: "digest", Kind: Text, Since: 2, Doc: "the digest file that vouches for the log file, named as log_file is; NULL as long as there is no proof"},
		{Name: "principal", Kind: Text, Since: 2, Doc: "the actor's ARN if the record has one, otherwise the most specific of its other names; NULL when the record names nobody"},
		{Name: "principal_kind", Kind: Text, Since: 2, Doc: "the kind of the actor, such as user, role or root"},
		{Name: "username", Kind: Text, Since: 2, Doc: "the Username that LookupEvents shows; NULL when there is none"},
	})
}

// placed gives columns their cells, and those of the first schema its version.
func placed(in storage, columns []Column) []Column {
	for i := range columns {
		columns[i].cell = cell{in, i}
		columns[i].Since = max(columns[i].Since, 1)
	}
	return columns
}

func timeColumn() Column {
	return placed(inTime, []Column{{Name: "event_time", Kind: Timestamp, Doc: "eventTime, or the start of an aggregated event's window; never NULL"}})[0]
}

func boolColumns() []Column {
	return placed(inBools, []Column{
		{Name: "read_only", Kind: Boolean, Doc: "readOnly"},
		{Name: "management_event", Kind: Boolean, Doc: "managementEvent"},
		{Name: "session_mfa_authenticated", Kind: Boolean, Doc: "userIdentity.sessionContext.attributes.mfaAuthenticated"},
		{Name: "failed", Kind: Boolean, Since: 2, Doc: "whether the call or the sign-in failed; never NULL"},
	})
}

func listColumns() []Column {
	return placed(inLists, []Column{
		{Name: "resource_names", Kind: TextList, Since: 2, Doc: "the names of the resources that LookupEvents lists, each once; an empty list when there are none"},
		{Name: "resource_types", Kind: TextList, Since: 2, Doc: "the types of these resources as far as they are known, each once"},
	})
}

// Columns returns the columns of a part, in their order in the file. Those of a
// later schema follow those of the earlier ones.
func Columns() []Column {
	text, bools := textColumns(), boolColumns()
	all := []Column{timeColumn()}
	all = append(all, text[:colExtra+1]...)
	all = append(all, bools[:boolMFA+1]...)
	all = append(all, placed(inNulls, []Column{{Name: "explicit_nulls", Kind: Integer,
		Doc: "bit n is set when the documented member n was there with the value null; NULL when none was. Members are numbered in the order of CloudTrail's documentation, from eventVersion = 0; the list is below"}})...)

	all = append(all, placed(inOffsets, []Column{{Name: "log_offset", Kind: Integer, Since: 2,
		Doc: "where the record begins in that log file: its offset in bytes in the text that the file holds, as explained below; NULL when it is not known"}})...)
	all = append(all, text[colLogFileHash], text[colDigest], text[colPrincipal], text[colPrincipalKind], bools[boolFailed], text[colUsername])
	all = append(all, listColumns()...)
	return append(all, placed(inVerified, []Column{{Name: "verified_at", Kind: Timestamp, Since: 3,
		Doc: "when that proof was checked; NULL as long as there is none"}})...)
}

// RecordColumns returns the columns that [Row.Scan] takes: those of the first
// schema, which a record is put together from.
func RecordColumns() []Column {
	return slices.DeleteFunc(Columns(), func(c Column) bool { return c.Since > 1 })
}

// ColumnNames returns the names of Columns.
func ColumnNames() (names []string) {
	for _, c := range Columns() {
		names = append(names, c.Name)
	}
	return names
}

// nearlyDistinct reports whether the values of a text column nearly all differ,
// so that storing each distinct value once would save nothing.
func nearlyDistinct(column int) bool {
	switch column {
	case colEventID, colRequestID, colSharedID, colRequest, colResponse, colAdditional, colServiceDetails, colInsight, colContext, colExtra:
		return true
	}
	return false
}
