select
    owner_id,
    owner_name,{{ outcomes() }}
from {{ ref('rdstation__deals') }}
where not is_deleted
group by 1, 2
