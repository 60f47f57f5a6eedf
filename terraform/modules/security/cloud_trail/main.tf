resource "aws_cloudwatch_log_group" "cloudtrail" {
  name              = local.log_group_name
  retention_in_days = local.log_group_retention_days
  kms_key_id        = local.key_arn
  skip_destroy      = var.log_group_deletion_protection
  tags              = local.tags
}

# Whatever policies the role gets, it can do no more than this.
resource "aws_iam_policy" "role_boundary" {
  name        = local.boundary_name
  description = "The most that the role ${local.role_name} can do."
  policy      = jsonencode(local.role_boundary)
  tags        = local.tags
}

resource "aws_iam_role" "cloudtrail_cloudwatch" {
  name                 = local.role_name
  description          = "Lets the trail ${local.trail_name} write its log streams."
  assume_role_policy   = jsonencode(local.role_trust)
  permissions_boundary = aws_iam_policy.role_boundary.arn
  tags                 = local.tags
}

resource "aws_iam_role_policy" "cloudtrail_cloudwatch" {
  name   = "write-log-streams"
  role   = aws_iam_role.cloudtrail_cloudwatch.id
  policy = jsonencode(local.role_policy)
}

resource "aws_cloudtrail" "this" {
  name                          = local.trail_name
  s3_bucket_name                = local.create_bucket ? aws_s3_bucket.cloudtrail_logs[0].id : local.bucket_name
  s3_key_prefix                 = var.key_prefix
  enable_logging                = true
  enable_log_file_validation    = true
  is_multi_region_trail         = true
  include_global_service_events = true
  is_organization_trail         = var.organization
  kms_key_id                    = local.key_arn
  sns_topic_name                = local.topic_reference
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.cloudtrail.arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.cloudtrail_cloudwatch.arn
  tags                          = local.tags

  dynamic "event_selector" {
    for_each = local.event_selectors
    content {
      read_write_type                  = event_selector.value.read_write_type
      include_management_events        = event_selector.value.include_management_events
      exclude_management_event_sources = event_selector.value.exclude_management_event_sources

      dynamic "data_resource" {
        for_each = event_selector.value.data_resources
        content {
          type   = data_resource.value.type
          values = data_resource.value.values
        }
      }
    }
  }

  dynamic "advanced_event_selector" {
    for_each = var.advanced_event_selectors
    content {
      name = advanced_event_selector.value.name

      dynamic "field_selector" {
        for_each = advanced_event_selector.value.field_selectors
        content {
          field           = field_selector.value.field
          equals          = field_selector.value.equals
          not_equals      = field_selector.value.not_equals
          starts_with     = field_selector.value.starts_with
          not_starts_with = field_selector.value.not_starts_with
          ends_with       = field_selector.value.ends_with
          not_ends_with   = field_selector.value.not_ends_with
        }
      }
    }
  }

  dynamic "insight_selector" {
    for_each = var.insights
    content {
      insight_type = insight_selector.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.name) <= 37
      error_message = "Shorten env or project_id: together they have at most 36 characters, or the role ${local.role_name} would be longer than the 64 that IAM allows."
    }

    precondition {
      condition     = !local.create_access_log_bucket || length(local.access_log_bucket_name) <= 63
      error_message = "Shorten bucket_name to 51 characters, or the bucket ${local.access_log_bucket_name} of the access log would be longer than the 63 that S3 allows."
    }

    precondition {
      condition     = try(var.object_lock.days, 0) <= var.retention_days
      error_message = "Lower object_lock.days to retention_days or below: a locked log cannot be deleted when its retention ends."
    }

    precondition {
      condition     = !var.force_destroy || try(var.object_lock.mode, null) != "COMPLIANCE"
      error_message = "Set force_destroy to false, or object_lock.mode to \"GOVERNANCE\": nobody can delete what is locked in compliance mode."
    }

    precondition {
      condition     = var.glacier_after_days == null || try(var.glacier_after_days < var.retention_days, false)
      error_message = "Lower glacier_after_days below retention_days: logs would expire before they move."
    }

    precondition {
      condition     = !contains(var.accounts, local.trail_account)
      error_message = "Remove ${local.trail_account} from accounts: it is the trail's own account."
    }

    precondition {
      condition     = var.kms == "none" || local.create_key || try(split(":", var.kms)[3], null) == local.region
      error_message = "Give in kms a key of the Region ${local.region}: trail, bucket and log group need it there."
    }

    precondition {
      condition     = length(var.kms_key_readers) == 0 || local.create_key
      error_message = "Set kms to \"create\", or name readers in the policy of your own key and leave kms_key_readers empty."
    }

    precondition {
      condition = var.existing_bucket == null || (
        var.bucket_name == null && !var.force_destroy && var.object_lock == null && var.glacier_after_days == null &&
        var.access_logging == "none" && length(var.accounts) == 0
      )
      error_message = "Remove bucket_name, force_destroy, object_lock, glacier_after_days, access_logging and accounts, or existing_bucket: they are for a bucket that this module creates."
    }

    precondition {
      condition     = var.existing_bucket == null || !local.create_key
      error_message = "Give in kms the ARN of a key of the bucket's owner, or \"none\": terraform destroy would delete a created key, and logs in the existing bucket would become unreadable."
    }

    precondition {
      condition     = length(var.event_selectors) == 0 || length(var.advanced_event_selectors) == 0
      error_message = "Give event_selectors or advanced_event_selectors, not both: a trail has one kind."
    }

    precondition {
      condition     = length(var.insights) == 0 || local.records_management_writes
      error_message = "Insights analyse management events that write: let a selector include them, or leave insights empty."
    }

    precondition {
      condition     = length(var.sns_subscriptions) == 0 || local.create_topic
      error_message = "Set sns to \"create\", or subscribe to your own topic yourself and leave sns_subscriptions empty."
    }
  }

  # CreateTrail checks bucket, key, topic and role before it answers, and resources
  # are destroyed in the reverse order: the trail first.
  depends_on = [
    aws_iam_role_policy.cloudtrail_cloudwatch,
    aws_s3_bucket_lifecycle_configuration.cloudtrail_logs,
    aws_s3_bucket_logging.cloudtrail_logs,
    aws_s3_bucket_object_lock_configuration.cloudtrail_logs,
    aws_s3_bucket_ownership_controls.cloudtrail_logs,
    aws_s3_bucket_policy.cloudtrail_logs,
    aws_s3_bucket_public_access_block.cloudtrail_logs,
    aws_s3_bucket_server_side_encryption_configuration.cloudtrail_logs,
    aws_sns_topic_policy.notifications,
  ]
}
