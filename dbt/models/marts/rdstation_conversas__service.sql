select
    {{ month_of('reports.created_on') }} as month,
    reports.employee_id,
    coalesce(max(employees.name), max(reports.employee_name)) as employee_name,
    {{ service_figures() }}
from {{ ref('stg_rdstation_conversas__reports') }} as reports
left join {{ ref('stg_rdstation_conversas__employees') }} as employees on employees.id = reports.employee_id
group by 1, 2
