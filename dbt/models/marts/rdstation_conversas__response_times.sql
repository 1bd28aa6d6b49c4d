select
    {{ month_of('asked_on') }} as month,
    count(*) as conversations,
    count(answered_at) as answered,
    avg(response_seconds) as mean_first_response_seconds,
    {{ median_of('response_seconds') }} as median_first_response_seconds
from {{ ref('rdstation_conversas__responses') }}
where begins_conversation
group by 1
