with campaigns as (
    {{ staged('rdstation_conversas', 'campaigns', [
        ['id', 'text'], ['title', 'text', 'name'], ['template', 'json'], ['total_customers', 'integer', 'addressed'],
        ['stats', 'json'],
    ]) }}
)

select
    id,
    name,
    {{ json_text('template', 'id') }} as template_id,
    addressed,
    {{ parse_number(json_text('stats', 'success')) }} as sent,
    {{ parse_number(json_text('stats', 'read')) }} as opened,
    {{ parse_number(json_text('stats', 'error')) }} as failed,
    delivered_at
from campaigns
