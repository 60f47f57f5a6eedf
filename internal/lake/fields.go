package lake

import "github.com/cerpac/trailkeeper/event"

// fieldOf returns the documented member that a text column holds. Only the
// columns before firstDerived hold one.
func fieldOf(column int) event.Field {
	switch column {
	case colEventID:
		return event.EventID
	case colEventVersion:
		return event.EventVersion
	case colEventSource:
		return event.EventSource
	case colEventName:
		return event.EventName
	case colAWSRegion:
		return event.AWSRegion
	case colSourceIP:
		return event.SourceIPAddress
	case colUserAgent:
		return event.UserAgent
	case colErrorCode:
		return event.ErrorCode
	case colErrorMessage:
		return event.ErrorMessage
	case colRequestID:
		return event.RequestID
	case colEventType:
		return event.EventType
	case colEventCategory:
		return event.EventCategory
	case colAPIVersion:
		return event.APIVersion
	case colRecipient:
		return event.RecipientAccountID
	case colSharedID:
		return event.SharedEventID
	case colVPCEndpoint:
		return event.VPCEndpointID
	case colVPCEndpointAccount:
		return event.VPCEndpointAccountID
	case colFromConsole:
		return event.SessionCredentialFromConsole
	case colUserIdentity:
		return event.UserIdentity
	case colRequest:
		return event.RequestParameters
	case colResponse:
		return event.ResponseElements
	case colAdditional:
		return event.AdditionalEventData
	case colResources:
		return event.Resources
	case colServiceDetails:
		return event.ServiceEventDetails
	case colAddendum:
		return event.Addendum
	case colEdgeDevice:
		return event.EdgeDeviceDetails
	case colTLS:
		return event.TLSDetails
	case colInsight:
		return event.InsightDetails
	case colContext:
		return event.EventContext
	}
	return event.NumFields
}

// columnOf is the inverse of fieldOf; it returns -1 for a member without a text
// column. It is called for each member of each record that is restored.
func columnOf(f event.Field) int {
	switch f {
	case event.EventID:
		return colEventID
	case event.EventVersion:
		return colEventVersion
	case event.EventSource:
		return colEventSource
	case event.EventName:
		return colEventName
	case event.AWSRegion:
		return colAWSRegion
	case event.SourceIPAddress:
		return colSourceIP
	case event.UserAgent:
		return colUserAgent
	case event.ErrorCode:
		return colErrorCode
	case event.ErrorMessage:
		return colErrorMessage
	case event.RequestID:
		return colRequestID
	case event.EventType:
		return colEventType
	case event.EventCategory:
		return colEventCategory
	case event.APIVersion:
		return colAPIVersion
	case event.RecipientAccountID:
		return colRecipient
	case event.SharedEventID:
		return colSharedID
	case event.VPCEndpointID:
		return colVPCEndpoint
	case event.VPCEndpointAccountID:
		return colVPCEndpointAccount
	case event.SessionCredentialFromConsole:
		return colFromConsole
	case event.UserIdentity:
		return colUserIdentity
	case event.RequestParameters:
		return colRequest
	case event.ResponseElements:
		return colResponse
	case event.AdditionalEventData:
		return colAdditional
	case event.Resources:
		return colResources
	case event.ServiceEventDetails:
		return colServiceDetails
	case event.Addendum:
		return colAddendum
	case event.EdgeDeviceDetails:
		return colEdgeDevice
	case event.TLSDetails:
		return colTLS
	case event.InsightDetails:
		return colInsight
	case event.EventContext:
		return colContext
	}
	return -1
}

// ColumnOf returns the column that holds a documented member, or by which it is
// searched; ok is false when only extra can hold it.
func ColumnOf(f event.Field) (c Column, ok bool) {
	switch f {
	case event.EventTime:
		return timeColumn(), true
	case event.ReadOnly:
		return boolColumns()[boolReadOnly], true
	case event.ManagementEvent:
		return boolColumns()[boolManagement], true
	}
	if i := columnOf(f); i >= 0 {
		return textColumns()[i], true
	}
	return Column{}, false
}
