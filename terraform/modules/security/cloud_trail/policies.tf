# Every statement for CloudTrail names the trail (aws:SourceArn), so that trails of
# other accounts cannot use these resources.

locals {
  bucket_prefix = var.key_prefix == null ? local.bucket_arn : "${local.bucket_arn}/${var.key_prefix}"

  deliveries = concat(
    [
      {
        Sid       = "AWSCloudTrailAclCheck20150319"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = local.bucket_arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail_arns } }
      },
      {
        Sid       = "AWSCloudTrailWrite20150319"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = [for account in local.accounts : "${local.bucket_prefix}/AWSLogs/${account}/*"]
        Condition = {
          StringEquals = {
            "s3:x-amz-acl"  = "bucket-owner-full-control"
            "aws:SourceArn" = local.trail_arns
          }
        }
      },
    ],
    [for id in compact([local.organization_id]) : {
      Sid       = "AWSCloudTrailOrganizationWrite20150319"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${local.bucket_prefix}/AWSLogs/${id}/*"
      Condition = {
        StringEquals = {
          "s3:x-amz-acl"  = "bucket-owner-full-control"
          "aws:SourceArn" = local.trail_arn
        }
      }
    }],
  )

  bucket_policy = {
    Version   = "2012-10-17"
    Statement = concat(local.deliveries, [local.deny_insecure_transport])
  }

  # Additional statements for the policy of an existing bucket. Each Sid must be
  # unique in a policy.
  bucket_grant = {
    Version   = "2012-10-17"
    Statement = [for statement in local.deliveries : merge(statement, { Sid = "${statement.Sid}For${local.trail_account}" })]
  }

  deny_insecure_transport = {
    Sid       = "DenyInsecureTransport"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  encryptions = [
    {
      Sid       = "Allow CloudTrail to encrypt logs"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "kms:GenerateDataKey*"
      Resource  = "*"
      Condition = {
        StringLike = {
          "kms:EncryptionContext:aws:cloudtrail:arn" = [for account in local.accounts : "arn:${local.partition}:cloudtrail:*:${account}:trail/*"]
        }
        StringEquals = { "aws:SourceArn" = local.trail_arns }
      }
    },
    {
      Sid       = "Allow CloudTrail access"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "kms:DescribeKey"
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arns } }
    },
    {
      Sid       = "Allow CloudWatch Logs to encrypt the log group"
      Effect    = "Allow"
      Principal = { Service = "logs.${local.region}.${local.dns_suffix}" }
      Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
      Resource  = "*"
      Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = local.log_group_arns } }
    },
  ]

  key_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "Enable IAM User Permissions"
          Effect    = "Allow"
          Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
          Action    = "kms:*"
          Resource  = "*"
        },
      ],
      local.encryptions,
      length(var.kms_key_readers) == 0 ? [] : [{
        Sid       = "Enable CloudTrail log decrypt permissions"
        Effect    = "Allow"
        Principal = { AWS = var.kms_key_readers }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { Null = { "kms:EncryptionContext:aws:cloudtrail:arn" = "false" } }
      }],
    )
  }

  # Additional statements for the policy of another account's key.
  key_grant = {
    Version   = "2012-10-17"
    Statement = [for statement in local.encryptions : merge(statement, { Sid = "${statement.Sid} for ${local.trail_account}" })]
  }

  role_trust = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
    }]
  }

  # CloudTrail names its streams ACCOUNT_CloudTrail_REGION and, for the members of
  # an organization, o-ID_...; it may write to no other stream.
  log_streams = [for prefix in compact(["${local.trail_account}_CloudTrail_${local.region}", local.organization_id == null ? null : "${local.organization_id}_"]) :
    "${local.log_group_arn}:log-stream:${prefix}*"
  ]

  role_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "AWSCloudTrailCreateLogStream2014110"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream"]
        Resource = local.log_streams
      },
      {
        Sid      = "AWSCloudTrailPutLogEvents20141101"
        Effect   = "Allow"
        Action   = ["logs:PutLogEvents"]
        Resource = local.log_streams
      },
    ]
  }

  # The most that the role can ever do, whatever policies it gets. It depends on names only.
  role_boundary = {
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteLogStreams"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group_arn}:log-stream:*"
    }]
  }

  topic_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AWSCloudTrailSNSPolicy20150319"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "SNS:Publish"
      Resource  = local.topic_arn
      Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
    }]
  }

  access_log_bucket_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "S3ServerAccessLogsPolicy"
        Effect    = "Allow"
        Principal = { Service = "logging.s3.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}-access-logs/*"
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.bucket_arn }
          StringEquals = { "aws:SourceAccount" = local.account }
        }
      },
      merge(local.deny_insecure_transport, { Resource = ["${local.bucket_arn}-access-logs", "${local.bucket_arn}-access-logs/*"] }),
    ]
  }
}
