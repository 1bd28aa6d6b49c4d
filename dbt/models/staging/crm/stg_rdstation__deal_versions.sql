with versions as (
    {{ staged('rdstation_v2', 'deals', [
        ['id', 'text', 'deal_id'], ['stage_id', 'text'], ['created_at', 'moment'], ['updated_at', 'moment'],
    ], versions=true) }}
)

select deal_id, stage_id, created_at, coalesce(updated_at, delivered_at) as updated_at, delivered_at
from versions
