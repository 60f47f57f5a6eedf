module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env        = "production"
  project_id = "cerpac"

  # Log retention (both S3 and CloudWatch)
  retention_days = 90

  # Bucket protection
  force_destroy = false
  bucket_name   = var.bucket_name

  tags = {
    ManagedBy  = "Terraform"
    CostCenter = "Security"
    Compliance = "Required"
  }
}
