data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account     = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  bucket_name = "${var.env}-${var.project_id}-config-logs"

  # Security Hub requires that the recorder uses this role.
  role_arn = "arn:${local.partition}:iam::${local.account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
}

resource "aws_iam_service_linked_role" "config" {
  count = var.create_recorder && var.create_service_linked_role ? 1 : 0

  aws_service_name = "config.amazonaws.com"
  tags             = var.tags
}

resource "aws_config_configuration_recorder" "this" {
  count = var.create_recorder ? 1 : 0

  name     = "default"
  role_arn = local.role_arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }

  depends_on = [aws_iam_service_linked_role.config]
}

resource "aws_config_delivery_channel" "this" {
  count = var.create_recorder ? 1 : 0

  name           = "default"
  s3_bucket_name = aws_s3_bucket.config[0].id

  depends_on = [
    aws_config_configuration_recorder.this,
    aws_s3_bucket_policy.config,
  ]
}

resource "aws_config_configuration_recorder_status" "this" {
  count = var.create_recorder ? 1 : 0

  name       = aws_config_configuration_recorder.this[0].name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.this]
}

resource "aws_config_config_rule" "this" {
  for_each = var.rules

  name                        = each.key
  input_parameters            = length(each.value.input_parameters) == 0 ? null : jsonencode(each.value.input_parameters)
  maximum_execution_frequency = each.value.maximum_execution_frequency
  tags                        = var.tags

  source {
    owner             = "AWS"
    source_identifier = each.value.identifier
  }

  # AWS refuses rules in a Region without a recorder.
  depends_on = [aws_config_configuration_recorder_status.this]
}
