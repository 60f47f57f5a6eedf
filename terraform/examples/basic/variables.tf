variable "region" {
  description = "Home Region of the trail. Default: what the environment of Terraform says, such as AWS_REGION."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "Name of the log bucket. Set it if another account has the default."
  type        = string
  default     = null
}
