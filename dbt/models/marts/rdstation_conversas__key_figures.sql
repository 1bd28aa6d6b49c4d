select
    asked.conversations,
    asked.answered,
    asked.median_first_response_seconds,
    attended.attendances,
    attended.mean_wait_seconds,
    attended.mean_rating
from (
    select
        count(*) as conversations,
        count(answered_at) as answered,
        {{ median_of('response_seconds') }} as median_first_response_seconds
    from {{ ref('rdstation_conversas__responses') }}
    where begins_conversation
) as asked
cross join (
    select count(*) as attendances, avg(wait_seconds) as mean_wait_seconds, avg(rating) as mean_rating
    from {{ ref('stg_rdstation_conversas__reports') }}
) as attended
