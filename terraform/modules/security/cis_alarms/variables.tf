variable "log_group_name" {
  description = "Log group that the trail delivers to: module.cloudtrail.cloudtrail.log_group.name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group_name))
    error_message = "Give the name of a log group in log_group_name, not its ARN."
  }
}

variable "sns_topic_arn" {
  description = "Topic that the alarms notify. Without a confirmed subscription nobody receives them."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.sns_topic_arn))
    error_message = "Give the ARN of a topic in sns_topic_arn."
  }
}

variable "namespace" {
  description = "CloudWatch namespace of the metrics."
  type        = string
  default     = "Security/CIS"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._/#-]{1,255}$", var.namespace)) && !startswith(var.namespace, "AWS/")
    error_message = "Write namespace in letters, digits and ._/#-, and do not start it with AWS/, which AWS reserves."
  }
}

variable "alarm_prefix" {
  description = "Prefix of every alarm's name. It must differ between the log groups of a Region."
  type        = string
  default     = "cis-"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,100}$", var.alarm_prefix))
    error_message = "Write alarm_prefix in at most 100 letters, digits, hyphens and underscores."
  }
}

variable "disabled" {
  description = "Keys of alarms to leave out, such as \"organizations-changes\". The README lists the keys."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "overrides" {
  description = "Changes by alarm key: pattern (auditors that compare strings no longer find it), threshold, period in seconds, evaluation_periods."
  type = map(object({
    pattern            = optional(string)
    threshold          = optional(number)
    period             = optional(number)
    evaluation_periods = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for o in values(var.overrides) : length(coalesce(o.pattern, " ")) <= 1024])
    error_message = "Shorten the pattern in overrides: CloudWatch Logs takes at most 1024 characters."
  }

  validation {
    condition     = alltrue([for o in values(var.overrides) : contains([10, 30], coalesce(o.period, 60)) || coalesce(o.period, 60) % 60 == 0 && coalesce(o.period, 60) > 0])
    error_message = "Set period in overrides to 10, 30 or a multiple of 60 seconds."
  }

  validation {
    condition     = alltrue([for o in values(var.overrides) : coalesce(o.threshold, 1) >= 1 && coalesce(o.evaluation_periods, 1) >= 1])
    error_message = "Set threshold and evaluation_periods in overrides to 1 or more: with less, an alarm would never clear."
  }
}

variable "tamper" {
  description = "Add the alarm \"trail-tampering\" for changes that weaken a trail and that the CIS filters do not match."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags for every alarm."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(lower(key), "aws:") && length(key) <= 128 && length(value) <= 256])
    error_message = "Rename the tags that start with \"aws:\", which AWS reserves; keys have at most 128 characters, values 256."
  }
}
