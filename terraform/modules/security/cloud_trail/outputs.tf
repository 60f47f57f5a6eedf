output "cloudtrail" {
  description = "Everything about the trail. kms_key, topic and access_log_bucket are null when the options that add them are not used; so is what only the owner of an existing bucket can tell."
  value = {
    bucket = {
      name       = local.create_bucket ? aws_s3_bucket.cloudtrail_logs[0].bucket : local.bucket_name
      arn        = local.create_bucket ? aws_s3_bucket.cloudtrail_logs[0].arn : local.bucket_arn
      id         = local.create_bucket ? aws_s3_bucket.cloudtrail_logs[0].id : local.bucket_name
      versioning = local.create_bucket ? aws_s3_bucket_versioning.cloudtrail_logs[0].versioning_configuration[0].status : null
      encryption = local.encrypted ? "aws:kms" : local.create_bucket ? "AES256" : null
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

output "grants" {
  description = "What other accounts must allow before the trail can be made: statements for the policy of an existing bucket, and of a key of another account. Null where nothing of theirs is used."
  value = {
    bucket  = local.create_bucket ? null : { account = var.existing_bucket.owner, name = local.bucket_name, policy = jsonencode(local.bucket_grant) }
    kms_key = local.foreign_key ? { account = split(":", var.kms)[4], name = var.kms, policy = jsonencode(local.key_grant) } : null
  }
}
