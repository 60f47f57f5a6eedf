module "cloudtrail" {
  source = "../../modules/security/cloud_trail"

  env        = "development"
  project_id = "my-project"

  # Shorter retention
  retention_days = 30

  # Allow bucket deletion in development
  force_destroy = true
  bucket_name   = var.bucket_name

  tags = {
    Environment = "dev"
  }
}
