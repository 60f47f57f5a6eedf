module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env            = "production"
  project_id     = "cerpac"
  retention_days = 2555
  bucket_name    = var.bucket_name

  # For a year, deleting or overwriting a log requires the right to bypass the
  # lock. With COMPLIANCE instead of GOVERNANCE nobody has that right.
  object_lock = {
    mode = "GOVERNANCE"
    days = 365
  }

  # A created key for logs, digests and the log group.
  kms             = "create"
  kms_key_readers = var.log_readers

  # Access to the logs is logged too.
  access_logging = "create"

  # Large old logs, which are seldom read, move to Glacier. The log
  # group serves alarms and everyday questions.
  glacier_after_days            = 365
  log_group_retention_days      = 365
  log_group_deletion_protection = true

  # A message for each log file, for what processes them.
  sns = "create"

  # Unusual numbers of calls and of errors.
  insights = ["ApiCallRateInsight", "ApiErrorRateInsight"]

  # All management events, and every write to the objects of some buckets.
  advanced_event_selectors = concat(
    [{
      name            = "Management events selector"
      field_selectors = [{ field = "eventCategory", equals = ["Management"] }]
    }],
    length(var.watched_bucket_arns) == 0 ? [] : [{
      name = "Writes to watched buckets"
      field_selectors = [
        { field = "eventCategory", equals = ["Data"] },
        { field = "resources.type", equals = ["AWS::S3::Object"] },
        { field = "readOnly", equals = ["false"] },
        { field = "resources.ARN", starts_with = [for arn in var.watched_bucket_arns : "${arn}/"] },
      ]
    }],
  )

  tags = {
    ManagedBy  = "Terraform"
    CostCenter = "Security"
  }
}
