SELECT event_time,
       principal,
       event_name,
       coalesce(request_parameters->>'$.groupId', response_elements->>'$.groupId', request_parameters->>'$.groupName') AS security_group,
       rule.value->>'$.ipProtocol' AS protocol,
       (rule.value->>'$.fromPort')::INTEGER AS from_port,
       (rule.value->>'$.toPort')::INTEGER AS to_port,
       list_concat(rule.value->>'$.ipRanges.items[*].cidrIp', rule.value->>'$.ipv6Ranges.items[*].cidrIpv6') AS addresses,
       error_code
FROM events
     LEFT JOIN json_each(request_parameters, '$.ipPermissions.items') AS rule ON true
WHERE event_source = 'ec2.amazonaws.com'
  AND (event_name IN ('CreateSecurityGroup', 'DeleteSecurityGroup', 'ModifySecurityGroupRules')
       OR regexp_matches(event_name, '^(Authorize|Revoke)SecurityGroup(Ingress|Egress)$'))
ORDER BY event_time DESC, event_id, rule.key
