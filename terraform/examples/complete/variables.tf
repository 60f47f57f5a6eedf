variable "region" {
  description = "Home Region of the trail and of all other resources. Default: that of Terraform's environment, such as AWS_REGION."
  type        = string
  default     = null
}

variable "env" {
  description = "Environment, the first part of every name."
  type        = string
  default     = "production"
}

variable "project_id" {
  description = "Project, the second part of every name."
  type        = string
  default     = "cerpac"
}

variable "bucket_name" {
  description = "Name of the log bucket. Set it if another account has the default."
  type        = string
  default     = null
}

variable "security_email" {
  description = "Email address for the alarms. It first gets a message with a link and receives no alarms until somebody follows it. Default: none."
  type        = string
  default     = null

  validation {
    condition     = var.security_email == null || can(regex("^[^@ ]+@[^@ ]+$", var.security_email))
    error_message = "Give an email address in security_email, such as \"security@example.com\"."
  }
}

variable "create_config_recorder" {
  description = "Create an AWS Config recorder. Set false if the Region has one."
  type        = bool
  default     = true
}

variable "create_config_role" {
  description = "Create the service-linked role of AWS Config. Set false if the account has it."
  type        = bool
  default     = true
}

variable "create_guardduty_detector" {
  description = "Enable GuardDuty. Set false if the Region has a detector, because it can have only one."
  type        = bool
  default     = true
}

variable "enable_security_hub" {
  description = "Enable Security Hub. Set false if the Region has it; the CIS standard is subscribed to either way."
  type        = bool
  default     = true
}
