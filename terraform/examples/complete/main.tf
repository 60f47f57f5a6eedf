data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
}

module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env            = var.env
  project_id     = var.project_id
  retention_days = 90
  force_destroy  = false
  bucket_name    = var.bucket_name
}

# SNS topic for security alerts
resource "aws_sns_topic" "security_alerts" {
  name = "${var.env}-security-alerts"
}

resource "aws_sns_topic_policy" "security_alerts" {
  arn = aws_sns_topic.security_alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowCloudWatchAlarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "SNS:Publish"
      Resource  = aws_sns_topic.security_alerts.arn
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:*" }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "security_email" {
  count = var.security_email == null ? 0 : 1

  topic_arn = aws_sns_topic.security_alerts.arn
  protocol  = "email"
  endpoint  = var.security_email
}

# CIS Benchmark alarms
module "cis_alarms" {
  source = "../../modules/security/cis_alarms"

  log_group_name = module.cloudtrail.cloudtrail.log_group.name
  sns_topic_arn  = aws_sns_topic_policy.security_alerts.arn # without the policy the alarms could not publish
  tamper         = true
}

# GuardDuty reads CloudTrail's events directly and needs no trail.
resource "aws_guardduty_detector" "main" {
  count = var.create_guardduty_detector ? 1 : 0

  enable = true
}

# Security Hub
resource "aws_securityhub_account" "main" {
  count = var.enable_security_hub ? 1 : 0
}

resource "aws_securityhub_standards_subscription" "cis" {
  standards_arn = "arn:${local.partition}:securityhub:${local.region}::standards/cis-aws-foundations-benchmark/v/1.4.0"

  depends_on = [aws_securityhub_account.main]
}

# AWS Config
module "aws_config" {
  source = "../../modules/security/aws_config"

  env        = var.env
  project_id = var.project_id

  create_recorder            = var.create_config_recorder
  create_service_linked_role = var.create_config_role
}
