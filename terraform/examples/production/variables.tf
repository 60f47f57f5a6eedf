variable "region" {
  description = "Home Region of the trail. Default: that of Terraform's environment, such as AWS_REGION."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "Name of the log bucket. Set it if another account has the default."
  type        = string
  default     = null
}
