module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env            = "production"
  project_id     = "cerpac"
  retention_days = 2555
  bucket_name    = var.bucket_name

  # For a year nobody deletes or overwrites a log without the right to bypass the
  # lock. COMPLIANCE instead of GOVERNANCE leaves nobody that right.
  object_lock = {
    mode = "GOVERNANCE"
    days = 365
  }

  # A key of our own, for logs, digests and the log group.
  kms             = "create"
  kms_key_readers = var.log_readers

  # Who read or changed the logs is logged too.
  access_logging = "create"

  # The large ones of the old logs, which are seldom read, move to Glacier. The log
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
