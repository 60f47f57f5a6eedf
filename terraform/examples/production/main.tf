module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env        = "production"
  project_id = "cerpac"

  # Seven years in the bucket. CloudWatch Logs accepts no such number, so the log
  # group gets the next one that it accepts, 2557.
  retention_days = 2555

  # The bulk of that time is spent in Glacier, and CloudWatch Logs needs only what
  # alarms and everyday questions are about.
  glacier_after_days       = 365
  log_group_retention_days = 365

  # Nobody deletes or overwrites a log for its first year, not even by mistake.
  object_lock = {
    mode = "GOVERNANCE"
    days = 365
  }

  kms            = "create"
  access_logging = "create"

  force_destroy                 = false
  log_group_deletion_protection = true
  bucket_name                   = var.bucket_name

  tags = {
    ManagedBy  = "Terraform"
    Compliance = "SOC2-PCI-HIPAA"
    DataClass  = "AuditLogs"
    CostCenter = "Security"
  }
}
