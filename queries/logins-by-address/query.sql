SELECT CASE WHEN identity_user_name = 'HIDDEN_DUE_TO_SECURITY_REASONS' THEN '(unknown user)'
            ELSE coalesce(identity_user_name, coalesce(identity_arn, identity_invoked_by, identity_principal_id, identity_type)) END AS user_name,
       source_ip_address,
       count(*) FILTER (WHERE (response_elements->>'$.ConsoleLogin') = 'Success') AS succeeded,
       count(*) FILTER (WHERE (response_elements->>'$.ConsoleLogin') = 'Failure') AS failed,
       min(event_time) AS first_login,
       max(event_time) AS last_login
FROM events
WHERE event_name = 'ConsoleLogin'
GROUP BY user_name, source_ip_address
ORDER BY user_name, first_login, source_ip_address
