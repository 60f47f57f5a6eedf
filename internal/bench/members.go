package main

// memberOf maps the lake's columns to members of a record, as one would write the SQL
// by hand.
var memberOf = map[string]string{
	"event_time":                      "eventTime",
	"event_id":                        "eventID",
	"event_version":                   "eventVersion",
	"event_source":                    "eventSource",
	"event_name":                      "eventName",
	"aws_region":                      "awsRegion",
	"source_ip_address":               "sourceIPAddress",
	"user_agent":                      "userAgent",
	"error_code":                      "errorCode",
	"error_message":                   "errorMessage",
	"request_id":                      "requestID",
	"event_type":                      "eventType",
	"event_category":                  "eventCategory",
	"api_version":                     "apiVersion",
	"recipient_account_id":            "recipientAccountId",
	"shared_event_id":                 "sharedEventID",
	"vpc_endpoint_id":                 "vpcEndpointId",
	"vpc_endpoint_account_id":         "vpcEndpointAccountId",
	"session_credential_from_console": "sessionCredentialFromConsole",
	"user_identity":                   "userIdentity",
	"request_parameters":              "requestParameters",
	"response_elements":               "responseElements",
	"additional_event_data":           "additionalEventData",
	"resources":                       "resources",
	"service_event_details":           "serviceEventDetails",
	"addendum":                        "addendum",
	"edge_device_details":             "edgeDeviceDetails",
	"tls_details":                     "tlsDetails",
	"insight_details":                 "insightDetails",
	"event_context":                   "eventContext",
	"read_only":                       "readOnly",
	"management_event":                "managementEvent",
}

// identityOf maps columns to members of userIdentity.
var identityOf = map[string]string{
	"identity_type":             "type",
	"identity_principal_id":     "principalId",
	"identity_arn":              "arn",
	"identity_account_id":       "accountId",
	"identity_access_key_id":    "accessKeyId",
	"identity_user_name":        "userName",
	"identity_invoked_by":       "invokedBy",
	"session_issuer_type":       "sessionContext.sessionIssuer.type",
	"session_issuer_arn":        "sessionContext.sessionIssuer.arn",
	"session_issuer_user_name":  "sessionContext.sessionIssuer.userName",
	"session_source_identity":   "sessionContext.sourceIdentity",
	"session_mfa_authenticated": "sessionContext.attributes.mfaAuthenticated",
}
