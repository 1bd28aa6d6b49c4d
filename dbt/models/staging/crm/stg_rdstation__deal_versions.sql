with versions as (
    {{ staged('rdstation_v2', 'deals', [
        ['id', 'text', 'deal_id'], ['stage_id', 'text'], ['status', 'lower'], ['created_at', 'moment'],
        ['updated_at', 'moment'], ['closed_at', 'moment'],
    ], versions=true) }}
)

select deal_id, stage_id, status, created_at, coalesce(updated_at, delivered_at) as updated_at, closed_at, delivered_at
from versions
