{# What became of a group of deals: one definition for each table that says it. #}
{% macro outcomes() %}
    count(*) as deals,
    sum(case when status in ('ongoing', 'paused') then 1 else 0 end) as open_deals,
    sum(case when status in ('ongoing', 'paused') then total_price else 0 end) as open_value,
    sum(case when status = 'won' then 1 else 0 end) as won_deals,
    sum(case when status = 'won' then total_price else 0 end) as won_value,
    sum(case when status = 'lost' then 1 else 0 end) as lost_deals,
    {{ part_of(
        "sum(case when status = 'won' then 1 else 0 end)", "sum(case when status in ('won', 'lost') then 1 else 0 end)"
    ) }} as win_rate,
    avg(case when status = 'won' then days_to_close end) as mean_days_to_win
{%- endmacro %}

{# How a group of attendances went. #}
{% macro service_figures() %}
    count(*) as attendances,
    sum(case when is_closed then 1 else 0 end) as closed,
    avg(wait_seconds) as mean_wait_seconds,
    {{ median_of('wait_seconds') }} as median_wait_seconds,
    avg(service_seconds) as mean_service_seconds,
    count(rating) as rated,
    avg(rating) as mean_rating,
    sum(messages_sent) as messages_sent,
    sum(messages_received) as messages_received
{%- endmacro %}
