resource "aws_cloudwatch_log_group" "cloudtrail" {
  name              = local.log_group_name
  retention_in_days = local.log_group_retention_days
  kms_key_id        = local.key_arn
  skip_destroy      = var.log_group_deletion_protection
  tags              = local.tags
}

# Whoever may write the role's policies gives it no more than this.
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
  s3_bucket_name                = aws_s3_bucket.cloudtrail_logs.id
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

  # CreateTrail tries bucket, key, topic and role before it answers, and what is
  # destroyed goes in the opposite order: the trail first.
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
