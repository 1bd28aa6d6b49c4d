with deals as (
    {{ staged('rdstation_v1', 'deals_details', [
        ['id', 'text', 'deal_id'], ['updated_at', 'moment'], ['deal_stage_histories', 'json', 'visits'],
    ], key=['deal_id']) }}
)

select
    deals.deal_id,
    {{ json_text(json_item(), 'deal_stage_id') }} as stage_id,
    {{ as_utc(json_text(json_item(), 'start_date'), 'text') }} as entered_at,
    {{ as_utc(json_text(json_item(), 'end_date'), 'text') }} as left_at
from deals {{ json_rows('deals.visits') }}
