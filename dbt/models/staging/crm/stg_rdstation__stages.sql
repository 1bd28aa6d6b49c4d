{% if var('rdstation_api') == 'v1' %}
with stages as (
    {{ staged('rdstation_v1', 'deal_stages', [
        ['id', 'text'], ['name', 'text'], ['order', 'integer', 'position'], ['deal_pipeline', 'json'],
    ]) }}
)

select id, name, position, {{ json_id('deal_pipeline') }} as pipeline_id, delivered_at
from stages
{% else %}
{{ staged('rdstation_v2', 'stages', [
    ['id', 'text'], ['name', 'text'], ['order', 'integer', 'position'], ['pipeline_id', 'text'],
]) }}
{% endif %}
