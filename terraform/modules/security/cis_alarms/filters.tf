# Made from the folder controls by 'go generate ./controls'. Change it there.
#
# The patterns are those of CIS AWS Foundations 1.4 as AWS Security Hub compares
# them, byte for byte: an auditor that looks for the exact string finds it.

locals {
  cis = {
    "cloudtrail-changes" = {
      control     = "CIS 4.5"
      name        = "CloudTrailChanges"
      metric      = "CloudTrailChangesCount"
      description = "CloudTrail configuration changes"
      pattern     = "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}"
    }
    "config-changes" = {
      control     = "CIS 4.9"
      name        = "ConfigChanges"
      metric      = "ConfigChangesCount"
      description = "AWS Config configuration changes"
      pattern     = "{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}"
    }
    "console-authentication-failures" = {
      control     = "CIS 4.6"
      name        = "ConsoleAuthenticationFailures"
      metric      = "ConsoleAuthenticationFailuresCount"
      description = "Console authentication failures"
      pattern     = "{($.eventName=ConsoleLogin) && ($.errorMessage=\"Failed authentication\")}"
    }
    "console-login-without-mfa" = {
      control     = "CIS 4.2"
      name        = "ConsoleLoginWithoutMFA"
      metric      = "ConsoleLoginWithoutMFACount"
      description = "Console login of an IAM user without MFA"
      pattern     = "{ ($.eventName = \"ConsoleLogin\") && ($.additionalEventData.MFAUsed != \"Yes\") && ($.userIdentity.type = \"IAMUser\") && ($.responseElements.ConsoleLogin = \"Success\") }"
    }
    "iam-policy-changes" = {
      control     = "CIS 4.4"
      name        = "IAMPolicyChanges"
      metric      = "IAMPolicyChangesCount"
      description = "IAM policy changes"
      pattern     = "{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy))}"
    }
    "kms-key-disabled-or-deleted" = {
      control     = "CIS 4.7"
      name        = "KMSKeyDisabledOrDeleted"
      metric      = "KMSKeyDisabledOrDeletedCount"
      description = "KMS keys disabled or scheduled for deletion"
      pattern     = "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}"
    }
    "network-acl-changes" = {
      control     = "CIS 4.11"
      name        = "NetworkACLChanges"
      metric      = "NetworkACLChangesCount"
      description = "Network ACL changes"
      pattern     = "{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}"
    }
    "network-gateway-changes" = {
      control     = "CIS 4.12"
      name        = "NetworkGatewayChanges"
      metric      = "NetworkGatewayChangesCount"
      description = "Network gateway changes"
      pattern     = "{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}"
    }
    "organizations-changes" = {
      control     = "CIS 4.15"
      name        = "OrganizationsChanges"
      metric      = "OrganizationsChangesCount"
      description = "AWS Organizations changes"
      pattern     = "{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = \"AcceptHandshake\") || ($.eventName = \"AttachPolicy\") || ($.eventName = \"CreateAccount\") || ($.eventName = \"CreateOrganizationalUnit\") || ($.eventName = \"CreatePolicy\") || ($.eventName = \"DeclineHandshake\") || ($.eventName = \"DeleteOrganization\") || ($.eventName = \"DeleteOrganizationalUnit\") || ($.eventName = \"DeletePolicy\") || ($.eventName = \"DetachPolicy\") || ($.eventName = \"DisablePolicyType\") || ($.eventName = \"EnablePolicyType\") || ($.eventName = \"InviteAccountToOrganization\") || ($.eventName = \"LeaveOrganization\") || ($.eventName = \"MoveAccount\") || ($.eventName = \"RemoveAccountFromOrganization\") || ($.eventName = \"UpdatePolicy\") || ($.eventName = \"UpdateOrganizationalUnit\")) }"
    }
    "root-account-usage" = {
      control     = "CIS 4.3"
      name        = "RootAccountUsage"
      metric      = "RootAccountUsageCount"
      description = "Root account usage"
      pattern     = "{$.userIdentity.type=\"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !=\"AwsServiceEvent\"}"
    }
    "route-table-changes" = {
      control     = "CIS 4.13"
      name        = "RouteTableChanges"
      metric      = "RouteTableChangesCount"
      description = "Route table changes"
      pattern     = "{($.eventSource=ec2.amazonaws.com) && (($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable))}"
    }
    "s3-bucket-policy-changes" = {
      control     = "CIS 4.8"
      name        = "S3BucketPolicyChanges"
      metric      = "S3BucketPolicyChangesCount"
      description = "S3 bucket policy changes"
      pattern     = "{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}"
    }
    "security-group-changes" = {
      control     = "CIS 4.10"
      name        = "SecurityGroupChanges"
      metric      = "SecurityGroupChangesCount"
      description = "Security group changes"
      pattern     = "{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}"
    }
    "unauthorized-api-calls" = {
      control     = "CIS 4.1"
      name        = "UnauthorizedAPICalls"
      metric      = "UnauthorizedAPICallsCount"
      description = "Unauthorized API calls"
      pattern     = "{($.errorCode=\"*UnauthorizedOperation\") || ($.errorCode=\"AccessDenied*\")}"
    }
    "vpc-changes" = {
      control     = "CIS 4.14"
      name        = "VPCChanges"
      metric      = "VPCChangesCount"
      description = "VPC changes"
      pattern     = "{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}"
    }
  }

  # Ways to blind the trail that the CIS filters overlook.
  tamper = {
    "trail-tampering" = {
      control     = "Tampering"
      name        = "TrailTampering"
      metric      = "TrailTamperingCount"
      description = "Selectors, buckets, keys, log groups, alarms, topics or rules that the trail depends on were weakened"
      pattern     = "{($.eventName=PutEventSelectors) || ($.eventName=PutInsightSelectors) || ($.eventName=PutBucketVersioning) || ($.eventName=PutBucketPublicAccessBlock) || ($.eventName=DeleteBucketPublicAccessBlock) || ($.eventName=PutBucketLogging) || ($.eventName=PutBucketEncryption) || ($.eventName=DeleteBucket) || ($.eventName=PutKeyPolicy) || ($.eventName=DeleteImportedKeyMaterial) || ($.eventName=DeleteLogGroup) || ($.eventName=DeleteLogStream) || ($.eventName=PutRetentionPolicy) || ($.eventName=DeleteMetricFilter) || ($.eventName=DeleteAlarms) || ($.eventName=DisableAlarmActions) || ($.eventName=DeleteTopic) || ($.eventName=SetTopicAttributes) || ($.eventName=Unsubscribe) || ($.eventName=DeleteRule) || ($.eventName=DisableRule)}"
    }
  }
}
