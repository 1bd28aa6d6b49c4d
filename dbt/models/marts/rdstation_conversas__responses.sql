-- A question begins with the first message of a contact after one of an operator, or after a long silence.
with people as (
    select
        *,
        lag(sent_by) over (partition by customer_id order by created_at, id) as sent_by_before,
        lag(created_at) over (partition by customer_id order by created_at, id) as created_at_before,
        min(case when sent_by = 'operator' then created_at end) over (
            partition by customer_id order by created_at, id rows between 1 following and unbounded following
        ) as answered_at
    from {{ ref('stg_rdstation_conversas__messages') }}
    where sent_by in ('customer', 'operator')  -- an answer of the bot is no person's
),

contacts_writing as (
    select
        *,
        coalesce(
            {{ seconds_between('created_at_before', 'created_at') }} > 3600 * {{ var('rdstation_new_conversation_hours') }}, true
        ) as begins_conversation
    from people
    where sent_by = 'customer'
)

select
    id as message_id,
    customer_id,
    channel,
    created_at as asked_at,
    created_on as asked_on,
    begins_conversation,
    answered_at,
    {{ seconds_between('created_at', 'answered_at') }} as response_seconds
from contacts_writing
where begins_conversation or sent_by_before = 'operator'
