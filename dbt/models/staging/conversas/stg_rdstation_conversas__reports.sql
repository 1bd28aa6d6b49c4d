with reports as (
    {{ staged('rdstation_conversas', 'reports', [
        ['id', 'text'], ['protocol', 'text'], ['customer', 'json'], ['employee', 'json'], ['channel', 'lower'],
        ['to_department', 'text', 'department'], ['to_tabulation', 'text', 'outcome'], ['tme', 'json'], ['tma', 'json'],
        ['level', 'number'], ['total_send_messages', 'integer', 'messages_sent'],
        ['total_receive_messages', 'integer', 'messages_received'], ['closed', 'flag', 'is_closed'],
        ['created_at', 'moment'], ['closed_at', 'moment'],
    ]) }}
)

select
    id,
    protocol,
    channel,
    department,
    outcome,
    {{ json_text('customer', 'id') }} as customer_id,
    {{ json_text('employee', 'id') }} as employee_id,
    {{ json_text('employee', 'name') }} as employee_name,
    {{ parse_number(json_text('tme', 'value')) }} as wait_seconds,
    {{ parse_number(json_text('tma', 'value')) }} as service_seconds,
    -- 0 stands for an attendance that nobody rated.
    case when level between 1 and 10 then level end as rating,
    messages_sent,
    messages_received,
    coalesce(is_closed, closed_at is not null) as is_closed,
    created_at,
    {{ local_day('created_at') }} as created_on,
    closed_at,
    delivered_at
from reports
