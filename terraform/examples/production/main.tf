module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env        = "production"
  project_id = "cerpac"

  # Extended retention (7 years). CloudWatch Logs does not accept this number: the
  # log group keeps events for the next one that it accepts, 2557 days.
  retention_days = 2555

  # Bucket protection
  force_destroy = false
  bucket_name   = var.bucket_name

  tags = {
    ManagedBy  = "Terraform"
    Compliance = "SOC2-PCI-HIPAA"
    DataClass  = "AuditLogs"
    CostCenter = "Security"
  }
}
