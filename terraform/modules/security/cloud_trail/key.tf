resource "aws_kms_key" "cloudtrail" {
  count = local.create_key ? 1 : 0

  description             = "Encrypts what the trail ${local.trail_name} records."
  policy                  = jsonencode(local.key_policy)
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = local.tags
}

resource "aws_kms_alias" "cloudtrail" {
  count = local.create_key ? 1 : 0

  name          = local.key_alias
  target_key_id = aws_kms_key.cloudtrail[0].key_id
}

locals {
  key_arn = local.create_key ? aws_kms_key.cloudtrail[0].arn : local.encrypted ? var.kms : null
}
