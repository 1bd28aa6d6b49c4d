with visits as (
    {% if var('rdstation_stage_history') == 'v1' %}
    select deal_id, stage_id, entered_at, left_at, true as entry_was_seen
    from {{ ref('stg_rdstation__deal_stage_histories') }}
    where entered_at is not null
    {% else %}
    select
        deal_id,
        stage_id,
        -- What happened before the first version that was seen is not known.
        case when version = 1 then created_at else updated_at end as entered_at,
        lead(updated_at) over (partition by deal_id order by updated_at, delivered_at) as left_at,
        version > 1 as entry_was_seen
    from (
        select
            *,
            lag(stage_id) over (partition by deal_id order by updated_at, delivered_at) as stage_before,
            row_number() over (partition by deal_id order by updated_at, delivered_at) as version
        from {{ ref('stg_rdstation__deal_versions') }}
    ) as versions
    where version = 1 or coalesce(stage_before, '') <> coalesce(stage_id, '')
    {% endif %}
),

ended as (
    -- The last visit of a deal that was won or lost has no end of its own.
    select visits.*, coalesce(visits.left_at, deals.closed_at) as ended_at
    from visits
    left join {{ ref('stg_rdstation__deals') }} as deals on deals.id = visits.deal_id
)

select
    deal_id,
    stage_id,
    entered_at,
    -- A deal that was closed before its last move was seen leaves the stage as it enters.
    case when ended_at < entered_at then entered_at else ended_at end as left_at,
    entry_was_seen
from ended
