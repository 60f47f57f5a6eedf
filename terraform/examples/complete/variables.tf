variable "region" {
  description = "Home Region of the trail and of everything beside it. Default: what the environment of Terraform says, such as AWS_REGION."
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
  description = "Address that gets the alarms. It gets a message with a link first and hears nothing until somebody follows it. Default: nobody."
  type        = string
  default     = null

  validation {
    condition     = var.security_email == null || can(regex("^[^@ ]+@[^@ ]+$", var.security_email))
    error_message = "Give an email address in security_email, such as \"security@example.com\"."
  }
}

variable "create_config_recorder" {
  description = "Make an AWS Config recorder. Set false where the Region has one."
  type        = bool
  default     = true
}

variable "create_config_role" {
  description = "Make the service-linked role of AWS Config. Set false where the account has it."
  type        = bool
  default     = true
}

variable "create_guardduty_detector" {
  description = "Switch GuardDuty on. Set false where the Region has a detector, as it takes only one."
  type        = bool
  default     = true
}

variable "enable_security_hub" {
  description = "Switch Security Hub on. Set false where the Region has it; the CIS standard is subscribed to either way."
  type        = bool
  default     = true
}
