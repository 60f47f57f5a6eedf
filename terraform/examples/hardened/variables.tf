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

variable "log_readers" {
  description = "ARNs of the roles that may decrypt logs."
  type        = list(string)
  default     = []
}

variable "watched_bucket_arns" {
  description = "ARNs of the buckets whose writes are recorded object by object. Data events are charged."
  type        = list(string)
  default     = []
}
