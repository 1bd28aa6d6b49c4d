with visits as (
    {% if var('rdstation_stage_history') == 'v1' %}
    select
        deal_id,
        stage_id,
        entered_at,
        -- The last visit of a deal that was won or lost has no end of its own.
        coalesce(left_at, closed_at) as left_at,
        true as entry_was_seen
    from {{ ref('stg_rdstation__deal_stage_histories') }}
    where entered_at is not null
    {% else %}
    select
        deal_id,
        stage_id,
        -- What happened before the first version that was seen is not known.
        case when version = 1 then created_at else updated_at end as entered_at,
        coalesce(lead(updated_at) over (partition by deal_id order by updated_at, delivered_at), deal_closed_at) as left_at,
        version > 1 as entry_was_seen
    from (
        select
            *,
            lag(stage_id) over (partition by deal_id order by updated_at, delivered_at) as stage_before,
            row_number() over (partition by deal_id order by updated_at, delivered_at) as version,
            first_value(case when status in ('won', 'lost') then coalesce(closed_at, updated_at) end) over (
                partition by deal_id order by updated_at desc, delivered_at desc
            ) as deal_closed_at
        from {{ ref('stg_rdstation__deal_versions') }}
    ) as versions
    where version = 1 or coalesce(stage_before, '') <> coalesce(stage_id, '')
    {% endif %}
)

select
    deal_id,
    stage_id,
    entered_at,
    -- A deal that was closed before its last move was seen leaves the stage as it enters.
    case when left_at < entered_at then entered_at else left_at end as left_at,
    entry_was_seen
from visits
