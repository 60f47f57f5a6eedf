resource "aws_s3_bucket" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket              = local.bucket_name
  force_destroy       = var.force_destroy
  object_lock_enabled = var.object_lock != null
  tags                = local.tags

  # A destroyed key makes logs unreadable, so it goes after the bucket.
  depends_on = [aws_kms_key.cloudtrail]

  lifecycle {
    # Only a new bucket can be created with a lock, and this argument would replace an
    # existing one. aws_s3_bucket_object_lock_configuration locks that.
    ignore_changes = [object_lock_enabled]
  }
}

resource "aws_s3_bucket_public_access_block" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket                  = aws_s3_bucket.cloudtrail_logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket = aws_s3_bucket.cloudtrail_logs[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket = aws_s3_bucket.cloudtrail_logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

# No statement of the bucket policy requires KMS: CloudTrail could not create a
# trail with log file validation, whose digests it may write with AES256.
resource "aws_s3_bucket_server_side_encryption_configuration" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket = aws_s3_bucket.cloudtrail_logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = local.encrypted ? "aws:kms" : "AES256"
      kms_master_key_id = local.key_arn
    }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "cloudtrail_logs" {
  count = local.create_bucket && var.object_lock != null ? 1 : 0

  bucket = aws_s3_bucket_versioning.cloudtrail_logs[0].bucket

  rule {
    default_retention {
      mode = var.object_lock.mode
      days = var.object_lock.days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket = aws_s3_bucket_versioning.cloudtrail_logs[0].bucket

  # In a bucket with versions, expiration only adds a delete marker. The noncurrent
  # versions expire by their own rule, and the marker by another.
  rule {
    id     = "retention"
    status = "Enabled"
    filter {}

    # S3 does not move objects below 128 KB: in Glacier they would cost more.
    dynamic "transition" {
      for_each = var.glacier_after_days == null ? [] : [var.glacier_after_days]
      content {
        days          = transition.value
        storage_class = "GLACIER"
      }
    }

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = local.noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "delete-markers"
    status = "Enabled"
    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }
}

resource "aws_s3_bucket_policy" "cloudtrail_logs" {
  count = local.create_bucket ? 1 : 0

  bucket = aws_s3_bucket.cloudtrail_logs[0].id
  policy = jsonencode(local.bucket_policy)

  # S3 refuses concurrent changes of a bucket.
  depends_on = [
    aws_s3_bucket_ownership_controls.cloudtrail_logs,
    aws_s3_bucket_public_access_block.cloudtrail_logs,
  ]
}

resource "aws_s3_bucket_logging" "cloudtrail_logs" {
  count = local.create_bucket && var.access_logging != "none" ? 1 : 0

  bucket        = aws_s3_bucket.cloudtrail_logs[0].id
  target_bucket = local.create_access_log_bucket ? aws_s3_bucket.access_logs[0].id : var.access_logging
  target_prefix = "${local.bucket_name}/"

  depends_on = [aws_s3_bucket_policy.access_logs]
}
