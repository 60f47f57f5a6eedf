SELECT principal,
       source_ip_address,
       count(*) FILTER (WHERE NOT failed) AS succeeded,
       count(*) FILTER (WHERE failed) AS failed,
       min(event_time) AS first_login,
       max(event_time) AS last_login
FROM events
WHERE event_name IN ('ConsoleLogin', 'UserAuthentication')
   OR (event_name IN ('CheckMfa', 'CredentialVerification') AND failed)
GROUP BY principal, source_ip_address
ORDER BY principal, first_login, source_ip_address
