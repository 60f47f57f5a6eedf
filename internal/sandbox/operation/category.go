package operation

import (
	"strings"
	"sync"
)

// isReadOnly returns readOnly as AWS sets it: by the verb of the name, with exceptions
// seen in real records.
func isReadOnly(service, name string) bool {
	switch service {
	case "sts": // AssumeRole and similar calls change nothing; these two have false
		return name != "GetFederationToken" && name != "GetSessionToken"
	case "kms":
		for _, verb := range []string{"Decrypt", "DeriveSharedSecret", "Encrypt", "Generate", "ReEncrypt", "Sign", "Verify"} {
			if strings.HasPrefix(name, verb) {
				return true
			}
		}
	case "ses":
		if strings.HasPrefix(name, "Send") {
			return true
		}
	}
	for _, verb := range []string{
		"BatchDescribe", "BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Query", "Scan", "Search", "Select", "Simulate", "Test", "TransactGet", "Validate",
	} {
		if rest, ok := strings.CutPrefix(name, verb); ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return true
		}
	}
	return false
}

// isSilent reports whether CloudTrail never records an operation, not even as a data
// event.
func isSilent(service, name string) bool {
	switch service {
	case "logs":
		return name == "PutLogEvents"
	case "events":
		return name == "PutEvents"
	case "execute-api": // APIs that users built
		return true
	}
	return false
}

// event is an operation by the service's signing name.
type event struct{ service, operation string }

// dataEvents maps operations with data events to the resource type in selectors, from
// "Logging data events" in the CloudTrail user guide and the guides it refers to.
var dataEvents = sync.OnceValue(func() map[event]string {
	const objects = "AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject DeleteObjectTagging " +
		"DeleteObjects GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectTorrent " +
		"HeadBucket HeadObject ListObjectVersions ListObjects ListObjectsV2 ListParts PostObject PutObject PutObjectAcl PutObjectLegalHold " +
		"PutObjectRetention PutObjectTagging RestoreObject SelectObjectContent UpdateObjectEncryption UploadPart UploadPartCopy"
	all := map[event]string{}
	for _, group := range []struct{ service, resource, operations string }{
		{"s3", "AWS::S3::Object", objects},
		{"s3express", "AWS::S3Express::Object", objects + " CreateSession RenameObject"},
		{"s3-object-lambda", "AWS::S3ObjectLambda::AccessPoint", objects + " WriteGetObjectResponse"},
		{"s3-outposts", "AWS::S3Outposts::Object", objects},
		{"appconfig", "AWS::AppConfig::Configuration", "GetLatestConfiguration StartConfigurationSession"},
		{"bedrock", "AWS::Bedrock::AgentAlias", "InvokeAgent"},
		{"bedrock", "AWS::Bedrock::FlowAlias", "InvokeFlow"},
		{"bedrock", "AWS::Bedrock::Guardrail", "ApplyGuardrail"},
		{"bedrock", "AWS::Bedrock::KnowledgeBase", "Retrieve RetrieveAndGenerate"},
		{"cloudfront-keyvaluestore", "AWS::CloudFront::KeyValueStore", "DeleteKey DescribeKeyValueStore GetKey ListKeys PutKey UpdateKeys"},
		{"cloudtrail-data", "AWS::CloudTrail::Channel", "PutAuditEvents"},
		{"cognito-identity", "AWS::Cognito::IdentityPool", "GetCredentialsForIdentity GetId GetOpenIdToken GetOpenIdTokenForDeveloperIdentity UnlinkIdentity"},
		{"dynamodb", "AWS::DynamoDB::Stream", "GetRecords GetShardIterator"},
		{"dynamodb", "AWS::DynamoDB::Table", "BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction " +
			"GetItem PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem"},
		{"ebs", "AWS::EC2::Snapshot", "GetSnapshotBlock ListChangedBlocks ListSnapshotBlocks PutSnapshotBlock"},
		{"firehose", "AWS::KinesisFirehose::DeliveryStream", "PutRecord PutRecordBatch"},
		{"iotdata", "AWS::IoT::Thing", "DeleteThingShadow GetThingShadow ListNamedShadowsForThing UpdateThingShadow"},
		{"kendra-ranking", "AWS::KendraRanking::ExecutionPlan", "Rescore"},
		{"kinesis", "AWS::Kinesis::Stream", "GetRecords GetShardIterator PutRecord PutRecords"},
		{"kinesis", "AWS::Kinesis::StreamConsumer", "SubscribeToShard"},
		{"kinesisvideo", "AWS::KinesisVideo::Stream", "GetMedia"},
		{"lambda", "AWS::Lambda::Function", "Invoke InvokeAsync InvokeWithResponseStream"},
		{"monitoring", "AWS::CloudWatch::Metric", "GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics PutMetricData"},
		{"sagemaker", "AWS::SageMaker::Endpoint", "InvokeEndpoint InvokeEndpointAsync InvokeEndpointWithResponseStream"},
		{"sagemaker", "AWS::SageMaker::ExperimentTrialComponent", "BatchPutMetrics"},
		{"sagemaker", "AWS::SageMaker::FeatureGroup", "BatchGetRecord DeleteRecord GetRecord PutRecord"},
		{"servicediscovery", "AWS::ServiceDiscovery::Service", "DiscoverInstances DiscoverInstancesRevision"},
		{"ses", "AWS::SES::EmailIdentity", "SendBulkEmail SendBulkTemplatedEmail SendEmail SendRawEmail SendTemplatedEmail"},
		{"sns", "AWS::SNS::Topic", "Publish PublishBatch"},
		{"sqs", "AWS::SQS::Queue", "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch GetQueueAttributes GetQueueUrl " +
			"ListDeadLetterSourceQueues ListQueueTags ListQueues ReceiveMessage SendMessage SendMessageBatch"},
		{"timestream", "AWS::Timestream::Table", "Query WriteRecords"},
		{"verifiedpermissions", "AWS::VerifiedPermissions::PolicyStore", "BatchIsAuthorized BatchIsAuthorizedWithToken IsAuthorized IsAuthorizedWithToken"},
		{"xray", "AWS::XRay::Trace", "BatchGetTraces GetServiceGraph GetTimeSeriesServiceStatistics GetTraceGraph GetTraceSummaries PutTelemetryRecords PutTraceSegments"},
	} {
		for name := range strings.FieldsSeq(group.operations) {
			all[event{group.service, name}] = group.resource
		}
	}
	return all
})
