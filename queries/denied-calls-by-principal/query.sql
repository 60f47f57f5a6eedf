SELECT principal,
       count(*) AS denied,
       count(DISTINCT event_name) AS different_calls,
       list_sort(list(DISTINCT event_name))[:10] AS calls,
       list_sort(list(DISTINCT source_ip_address)) AS addresses,
       min(event_time) AS first_denied,
       max(event_time) AS last_denied
FROM events
WHERE regexp_matches(error_code, 'AccessDenied|UnauthorizedOperation|UnauthorizedAccess|NotAuthorized|Forbidden|^40[13]$')
GROUP BY principal
ORDER BY denied DESC, principal
