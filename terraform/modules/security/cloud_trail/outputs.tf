output "cloudtrail" {
  description = "Everything about the trail. kms_key, topic and access_log_bucket are null when the options that add them are not used."
  value = {
    bucket = {
      name       = aws_s3_bucket.cloudtrail_logs.bucket
      arn        = aws_s3_bucket.cloudtrail_logs.arn
      id         = aws_s3_bucket.cloudtrail_logs.id
      versioning = aws_s3_bucket_versioning.cloudtrail_logs.versioning_configuration[0].status
      encryption = local.encrypted ? "aws:kms" : "AES256"
    }

    log_group = {
      name           = aws_cloudwatch_log_group.cloudtrail.name
      arn            = aws_cloudwatch_log_group.cloudtrail.arn
      retention_days = aws_cloudwatch_log_group.cloudtrail.retention_in_days
    }

    trail = {
      name            = aws_cloudtrail.this.name
      arn             = aws_cloudtrail.this.arn
      id              = aws_cloudtrail.this.name # the resource's own id is the ARN
      is_multi_region = aws_cloudtrail.this.is_multi_region_trail
      log_validation  = aws_cloudtrail.this.enable_log_file_validation
      global_events   = aws_cloudtrail.this.include_global_service_events
      home_region     = aws_cloudtrail.this.home_region
    }

    iam_role = {
      name = aws_iam_role.cloudtrail_cloudwatch.name
      arn  = aws_iam_role.cloudtrail_cloudwatch.arn
    }

    permissions_boundary = {
      name = aws_iam_policy.role_boundary.name
      arn  = aws_iam_policy.role_boundary.arn
    }

    summary = {
      module_enabled = true
      dual_delivery  = true
      retention_days = var.retention_days
      force_destroy  = var.force_destroy
    }

    kms_key = local.encrypted ? { arn = local.key_arn } : null

    topic = var.sns == "none" ? null : { arn = local.create_topic ? aws_sns_topic.notifications[0].arn : var.sns }

    access_log_bucket = var.access_logging == "none" ? null : { name = local.create_access_log_bucket ? aws_s3_bucket.access_logs[0].bucket : var.access_logging }
  }
}
