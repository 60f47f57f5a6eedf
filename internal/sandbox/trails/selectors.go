package trails

import "strings"

const (
	categoryManagement = "Management"
	categoryData       = "Data"
	categoryNetwork    = "NetworkActivity"
	categoryInsight    = "Insight"

	readWriteAll    = "All"
	readWriteReads  = "ReadOnly"
	readWriteWrites = "WriteOnly"

	typeObject   = "AWS::S3::Object"
	typeFunction = "AWS::Lambda::Function"
	typeTable    = "AWS::DynamoDB::Table"

	fieldCategory     = "eventCategory"
	fieldReadOnly     = "readOnly"
	fieldName         = "eventName"
	fieldSource       = "eventSource"
	fieldType         = "eventType"
	fieldResourceType = "resources.type"
	fieldResourceARN  = "resources.ARN"
	fieldIdentity     = "userIdentity.arn"
	fieldConsole      = "sessionCredentialFromConsole"
	fieldEndpoint     = "vpcEndpointId"
	fieldErrorCode    = "errorCode"
)

// classicSelectors are the trail's, or the one that a trail without any has.
func (t Trail) classicSelectors() []EventSelector {
	if len(t.EventSelectors) > 0 {
		return t.EventSelectors
	}
	return []EventSelector{{ReadWriteType: readWriteAll, IncludeManagementEvents: true}}
}

// isWholeType tells whether the value of a data resource means all of its type:
// arn:aws:s3, arn:aws:s3:::, arn:aws:lambda, arn:aws:dynamodb.
func isWholeType(value string) bool {
	parts := strings.SplitN(value, ":", 4)
	return len(parts) == 3 || len(parts) == 4 && parts[2] == "s3" && parts[3] == "::"
}
