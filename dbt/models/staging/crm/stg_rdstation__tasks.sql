{% if var('rdstation_api') == 'v1' %}
with tasks as (
    {{ staged('rdstation_v1', 'tasks', [
        ['id', 'text'], ['subject', 'text', 'name'], ['type', 'lower'], ['done', 'flag'], ['date', 'moment', 'due_at'],
        ['done_date', 'moment', 'completed_at'], ['deal_id', 'text'], ['created_at', 'moment'],
    ]) }}
)

select id, name, type, coalesce(done, false) as is_done, due_at, completed_at, deal_id, created_at, delivered_at
from tasks
{% else %}
with tasks as (
    {{ staged('rdstation_v2', 'tasks', [
        ['id', 'text'], ['name', 'text'], ['type', 'lower'], ['due_date', 'moment', 'due_at'], ['completed_at', 'moment'],
        ['deal_id', 'text'], ['created_at', 'moment'], ['updated_at', 'moment'],
    ]) }}
)

select id, name, type, completed_at is not null as is_done, due_at, completed_at, deal_id, created_at, delivered_at
from tasks
{% endif %}
