select
    {{ month_of('reports.created_on') }} as month,
    reports.employee_id,
    coalesce(max(employees.name), max(reports.employee_name)) as employee_name,
    count(*) as attendances,
    sum(case when reports.is_closed then 1 else 0 end) as closed,
    avg(reports.wait_seconds) as mean_wait_seconds,
    {{ median_of('reports.wait_seconds') }} as median_wait_seconds,
    avg(reports.service_seconds) as mean_service_seconds,
    count(reports.rating) as rated,
    avg(reports.rating) as mean_rating,
    sum(reports.messages_sent) as messages_sent,
    sum(reports.messages_received) as messages_received
from {{ ref('stg_rdstation_conversas__reports') }} as reports
left join {{ ref('stg_rdstation_conversas__employees') }} as employees on employees.id = reports.employee_id
group by 1, 2
