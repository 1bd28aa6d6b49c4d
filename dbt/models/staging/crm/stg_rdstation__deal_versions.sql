with versions as (
    {{ staged('rdstation_v2', 'deals', [
        ['id', 'text', 'deal_id'], ['stage_id', 'text'], ['created_at', 'moment'], ['updated_at', 'moment'],
    ], versions=true) }}
),

dated as (
    select deal_id, stage_id, created_at, coalesce(updated_at, delivered_at) as updated_at, delivered_at
    from versions
)

select *, row_number() over (partition by deal_id order by updated_at, delivered_at) as version
from dated
