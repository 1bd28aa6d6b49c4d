{{ config(materialized='view') }}

select
    {{ month_of('expected_close_date') }} as month,
    pipeline_id,
    pipeline_name,
    expected_close_date < {{ local_day(utc_now()) }} as is_overdue,
    count(*) as deals,
    sum(total_price) as value
from {{ ref('rdstation__deals') }}
where status in ('ongoing', 'paused') and not is_deleted
group by 1, 2, 3, 4
