select
    closed_month as month,
    owner_id,
    owner_name,
    source_id,
    source_name,
    count(*) as deals,
    sum(total_price) as value
from {{ ref('rdstation__deals') }}
where status = 'won' and not is_deleted
group by 1, 2, 3, 4, 5
