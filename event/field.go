package event

// Field is a documented top-level member of a CloudTrail record. The numbers
// are part of the lake's format (a bit mask of explicit nulls), so new fields
// are added at the end only.
type Field uint8

// The documented members, in the order CloudTrail writes them. The last four
// belong to aggregated events, whose schema is their own.
const (
	EventVersion Field = iota
	UserIdentity
	EventTime
	EventSource
	EventName
	AWSRegion
	SourceIPAddress
	UserAgent
	ErrorCode
	ErrorMessage
	RequestParameters
	ResponseElements
	AdditionalEventData
	RequestID
	EventID
	ReadOnly
	Resources
	EventType
	APIVersion
	ManagementEvent
	RecipientAccountID
	ServiceEventDetails
	SharedEventID
	VPCEndpointID
	VPCEndpointAccountID
	EventCategory
	Addendum
	SessionCredentialFromConsole
	EventContext
	EdgeDeviceDetails
	TLSDetails
	InsightDetails
	Annotation
	AccountID
	AggregatedEventID
	TimeWindow
	Summary

	NumFields = iota
)

const noField Field = NumFields

// String returns the member's name as CloudTrail spells it.
func (f Field) String() string {
	switch f {
	case EventVersion:
		return "eventVersion"
	case UserIdentity:
		return "userIdentity"
	case EventTime:
		return "eventTime"
	case EventSource:
		return "eventSource"
	case EventName:
		return "eventName"
	case AWSRegion:
		return "awsRegion"
	case SourceIPAddress:
		return "sourceIPAddress"
	case UserAgent:
		return "userAgent"
	case ErrorCode:
		return "errorCode"
	case ErrorMessage:
		return "errorMessage"
	case RequestParameters:
		return "requestParameters"
	case ResponseElements:
		return "responseElements"
	case AdditionalEventData:
		return "additionalEventData"
	case RequestID:
		return "requestID"
	case EventID:
		return "eventID"
	case ReadOnly:
		return "readOnly"
	case Resources:
		return "resources"
	case EventType:
		return "eventType"
	case APIVersion:
		return "apiVersion"
	case ManagementEvent:
		return "managementEvent"
	case RecipientAccountID:
		return "recipientAccountId"
	case ServiceEventDetails:
		return "serviceEventDetails"
	case SharedEventID:
		return "sharedEventID"
	case VPCEndpointID:
		return "vpcEndpointId"
	case VPCEndpointAccountID:
		return "vpcEndpointAccountId"
	case EventCategory:
		return "eventCategory"
	case Addendum:
		return "addendum"
	case SessionCredentialFromConsole:
		return "sessionCredentialFromConsole"
	case EventContext:
		return "eventContext"
	case EdgeDeviceDetails:
		return "edgeDeviceDetails"
	case TLSDetails:
		return "tlsDetails"
	case InsightDetails:
		return "insightDetails"
	case Annotation:
		return "annotation"
	case AccountID:
		return "accountId"
	case AggregatedEventID:
		return "eventId"
	case TimeWindow:
		return "timeWindow"
	case Summary:
		return "summary"
	}
	return "unknown"
}

// guesses is the number of members that CloudTrail may leave out between two
// present ones for the second still to be expected.
const guesses = 3

// expected reports which of the next few members of a record, counted from
// guess, starts at i, and where its value starts; it returns noField for any
// other member. CloudTrail writes members in a steady order and without white
// space, so comparing is faster than scanning.
func (s *scanner) expected(i int, guess Field) (Field, int) {
	for f := guess; f < min(guess+guesses, noField); f++ {
		name := f.String()
		end := i + 1 + len(name)
		if end+1 < len(s.data) && s.data[end] == '"' && s.data[end+1] == ':' && s.data[i] == '"' && string(s.data[i+1:end]) == name {
			return f, s.space(end + 2)
		}
	}
	return noField, 0
}

// IsText reports whether f is documented as a string in records that are not
// aggregated. In some events such a member is a number.
func (f Field) IsText() bool {
	switch f {
	case EventVersion, EventSource, EventName, AWSRegion, SourceIPAddress, UserAgent, ErrorCode, ErrorMessage, RequestID,
		EventID, EventType, APIVersion, RecipientAccountID, SharedEventID, VPCEndpointID, VPCEndpointAccountID,
		EventCategory, SessionCredentialFromConsole:
		return true
	}
	return false
}

// FieldNamed returns the documented member of that name.
func FieldNamed(name string) (f Field, documented bool) {
	f = fieldNamed([]byte(name))
	return f, f != noField
}

// fieldNamed is the inverse of String.
func fieldNamed(name []byte) Field {
	switch string(name) {
	case "eventVersion":
		return EventVersion
	case "userIdentity":
		return UserIdentity
	case "eventTime":
		return EventTime
	case "eventSource":
		return EventSource
	case "eventName":
		return EventName
	case "awsRegion":
		return AWSRegion
	case "sourceIPAddress":
		return SourceIPAddress
	case "userAgent":
		return UserAgent
	case "errorCode":
		return ErrorCode
	case "errorMessage":
		return ErrorMessage
	case "requestParameters":
		return RequestParameters
	case "responseElements":
		return ResponseElements
	case "additionalEventData":
		return AdditionalEventData
	case "requestID":
		return RequestID
	case "eventID":
		return EventID
	case "readOnly":
		return ReadOnly
	case "resources":
		return Resources
	case "eventType":
		return EventType
	case "apiVersion":
		return APIVersion
	case "managementEvent":
		return ManagementEvent
	case "recipientAccountId":
		return RecipientAccountID
	case "serviceEventDetails":
		return ServiceEventDetails
	case "sharedEventID":
		return SharedEventID
	case "vpcEndpointId":
		return VPCEndpointID
	case "vpcEndpointAccountId":
		return VPCEndpointAccountID
	case "eventCategory":
		return EventCategory
	case "addendum":
		return Addendum
	case "sessionCredentialFromConsole":
		return SessionCredentialFromConsole
	case "eventContext":
		return EventContext
	case "edgeDeviceDetails":
		return EdgeDeviceDetails
	case "tlsDetails":
		return TLSDetails
	case "insightDetails":
		return InsightDetails
	case "annotation":
		return Annotation
	case "accountId":
		return AccountID
	case "eventId":
		return AggregatedEventID
	case "timeWindow":
		return TimeWindow
	case "summary":
		return Summary
	}
	return noField
}
