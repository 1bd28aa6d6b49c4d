select
    closed_month as month,
    lost_reason_id,
    lost_reason_name,
    count(*) as deals,
    sum(total_price) as value
from {{ ref('rdstation__deals') }}
where status = 'lost' and not is_deleted
group by 1, 2, 3
