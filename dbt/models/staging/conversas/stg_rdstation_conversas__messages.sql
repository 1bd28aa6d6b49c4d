with messages as (
    {{ staged('rdstation_conversas', 'messages', [
        ['id', 'text'], ['customer_id', 'text'], ['sent_by', 'lower'], ['type', 'lower'], ['channel', 'lower'],
        ['is_template_message', 'flag'], ['created_at', 'moment'],
    ]) }}
)

select
    id,
    customer_id,
    sent_by,
    type,
    channel,
    coalesce(is_template_message, false) as is_template_message,
    created_at,
    {{ local_day('created_at') }} as created_on,
    delivered_at
from messages
