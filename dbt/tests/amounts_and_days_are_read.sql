-- Gives the texts that are not read as they should be.
with texts as (
    select 'R$ 1.234,56' as written, 1234.56 as amount, cast(null as date) as day
    union all select '1234.56', 1234.56, null
    union all select '1,234.56', 1234.56, null
    union all select '1.234', 1234, null
    union all select '1.234.567', 1234567, null
    union all select '0,5', 0.5, null
    union all select '-12,00', -12, null
    union all select '350', 350, null
    union all select '1.5', 1.5, null
    union all select '0.500', 0.5, null
    union all select '1 234,56 reais', 1234.56, null
    union all select 'a combinar', null, null
    union all select '2x R$ 100,00', null, null
    union all select '10,5 mil', null, null
    union all select 'US$ 10,00', null, null
    union all select '1e5', null, null
    union all select '123456789012345678901234567890123456789012345', null, null
    union all select '', null, null
    union all select '29/02/2024', null, cast('2024-02-29' as date)
    union all select '1/2/2024', null, cast('2024-02-01' as date)
    union all select '31/02/2024', null, null
    union all select '01/02/24', null, null
    union all select '0000-05-01', null, null
    union all select ' 2026-09-30T03:00:00.000Z ', null, cast('2026-09-30' as date)
    union all select '2026-13-01', null, null
),

read_texts as (
    select *, {{ parse_money('written') }} as read_amount, {{ parse_day('written') }} as read_day
    from texts
)

select *
from read_texts
where
    coalesce(read_day, cast('1900-01-01' as date)) <> coalesce(day, cast('1900-01-01' as date))
    or (day is null and written not like '%/%' and written not like '%-%-%' and coalesce(read_amount, -1) <> coalesce(amount, -1))
