locals {
  known = merge(local.cis, local.tamper)

  filters = {
    for key, filter in merge(local.cis, var.tamper ? local.tamper : null) : key => {
      name               = filter.name
      metric             = filter.metric
      description        = "${filter.control} - ${filter.description}"
      pattern            = coalesce(try(var.overrides[key].pattern, null), filter.pattern)
      threshold          = coalesce(try(var.overrides[key].threshold, null), 1)
      period             = coalesce(try(var.overrides[key].period, null), 300)
      evaluation_periods = coalesce(try(var.overrides[key].evaluation_periods, null), 1)
    } if !contains(var.disabled, key)
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = each.value.name
  log_group_name = var.log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    name          = each.value.metric
    namespace     = var.namespace
    value         = "1"
    default_value = "0"
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(var.disabled, keys(local.known))) == 0
      error_message = "Remove from disabled the keys that are not alarms: ${join(", ", setsubtract(var.disabled, keys(local.known)))}. The alarms are: ${join(", ", keys(local.known))}."
    }

    precondition {
      condition     = length(setsubtract(keys(var.overrides), keys(local.filters))) == 0
      error_message = "Remove from overrides the keys that are not alarms of this configuration: ${join(", ", setsubtract(keys(var.overrides), keys(local.filters)))}."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.filters

  alarm_name          = "${var.alarm_prefix}${each.key}"
  alarm_description   = each.value.description
  namespace           = var.namespace
  metric_name         = aws_cloudwatch_log_metric_filter.this[each.key].metric_transformation[0].name
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.sns_topic_arn]
  tags                = var.tags
}
