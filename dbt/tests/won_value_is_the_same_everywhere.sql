-- Gives a row where two tables say different things of the value won.
with said as (
    select
        (select coalesce(sum(value), 0) from {{ ref('rdstation__won_by_month') }}) as by_month,
        (select coalesce(sum(won_value), 0) from {{ ref('rdstation__sellers') }}) as by_seller,
        (select coalesce(sum(won_value), 0) from {{ ref('rdstation__campaigns') }}) as by_campaign,
        (select coalesce(sum(won_value), 0) from {{ ref('rdstation__key_figures') }}) as in_all
)

select *
from said
where by_month <> in_all or by_seller <> in_all or by_campaign <> in_all
