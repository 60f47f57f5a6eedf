data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_organizations_organization" "current" {
  count = var.organization ? 1 : 0
}

# What is asked of AWS.
locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_region.current.id # its name is an attribute that AWS provider 6 renamed

  organization_id    = var.organization ? data.aws_organizations_organization.current[0].id : null
  management_account = var.organization ? data.aws_organizations_organization.current[0].master_account_id : null
}

# Names.
locals {
  name                   = "${var.env}-${var.project_id}"
  trail_name             = "${local.name}-audit-trail"
  bucket_name            = var.existing_bucket != null ? var.existing_bucket.name : coalesce(var.bucket_name, "${local.name}-cloudtrail-logs")
  access_log_bucket_name = "${local.bucket_name}-access-logs"
  log_group_name         = "/aws/cloudtrail/${local.trail_name}"
  role_name              = "${local.name}-cloudtrail-cloudwatch-role"
  boundary_name          = "${local.name}-cloudtrail-boundary"
  topic_name             = "${local.name}-cloudtrail-notifications"
  key_alias              = "alias/${local.name}-cloudtrail"

  tags = merge(var.tags, { "trailkeeper:trail" = local.trail_name })
}

# ARNs are put together rather than read, because the policies of bucket, key and
# topic name the trail, which is made after them.
locals {
  trail_account = coalesce(local.management_account, local.account)
  bucket_arn    = "arn:${local.partition}:s3:::${local.bucket_name}"
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group_name}"
  trail_arn     = "arn:${local.partition}:cloudtrail:${local.region}:${local.trail_account}:trail/${local.trail_name}"
  topic_arn     = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.topic_name}"

  # Every account that delivers, this one first.
  accounts   = concat([local.trail_account], sort(tolist(var.accounts)))
  trail_arns = [for account in local.accounts : "arn:${local.partition}:cloudtrail:${local.region}:${account}:trail/${local.trail_name}"]

  # Their log groups may use this trail's key.
  log_group_arns = concat([local.log_group_arn], [for account in sort(tolist(var.accounts)) : "arn:${local.partition}:logs:${local.region}:${account}:log-group:${local.log_group_name}"])
}

# What the options come to.
locals {
  create_bucket = var.existing_bucket == null
  create_key    = var.kms == "create"
  encrypted     = var.kms != "none"
  create_topic  = var.sns == "create"

  foreign_key = local.encrypted && !local.create_key && try(split(":", var.kms)[4] != local.account, false)

  create_access_log_bucket = var.access_logging == "create"

  # Versions that were overwritten or deleted can be brought back for a while.
  noncurrent_days = min(30, var.retention_days)

  # CloudWatch Logs accepts no other number of days; 0 stands for ever.
  accepted_retention_days = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ]
  log_group_retention_days = (var.log_group_retention_days != null ? var.log_group_retention_days :
  concat([for days in local.accepted_retention_days : days if days >= var.retention_days], [0])[0])

  # The provider does not read back a selector that equals the default, so that
  # writing it would be a change in every plan.
  records_by_default = length(var.event_selectors) == 1 && alltrue([for s in var.event_selectors :
    s.read_write_type == "All" && s.include_management_events && length(s.exclude_management_event_sources) == 0 && length(s.data_resources) == 0
  ])
  event_selectors = local.records_by_default ? [] : var.event_selectors

  records_management_writes = (
    length(concat(local.event_selectors, var.advanced_event_selectors)) == 0 ||
    anytrue([for s in local.event_selectors : s.include_management_events && s.read_write_type != "ReadOnly"]) ||
    anytrue([for s in var.advanced_event_selectors :
      anytrue([for f in s.field_selectors : f.field == "eventCategory" && contains(coalesce(f.equals, []), "Management")]) &&
      alltrue([for f in s.field_selectors : f.field != "readOnly" || contains(coalesce(f.equals, []), "false")])
    ])
  )

  # The provider reads back the name of a topic of the trail's own account and
  # Region, and the ARN of any other.
  topic_reference = (var.sns == "none" ? null :
    local.create_topic ? local.topic_name :
    startswith(var.sns, "arn:${local.partition}:sns:${local.region}:${local.account}:") ? split(":", var.sns)[5] : var.sns
  )
}
