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

// fieldNamed returns the field a member name stands for. guess is tried
// first: CloudTrail writes members in a steady order, so the one after the
// previous member is right most of the time.
func fieldNamed(name []byte, guess Field) Field {
	for range 6 {
		if guess < noField && guess.String() == string(name) {
			return guess
		}
		guess++
	}
	return lookupField(string(name))
}

// lookupField is the exact reverse of String.
func lookupField(name string) Field {
	for f := range noField {
		if f.String() == name {
			return f
		}
	}
	return noField
}
