with visits as (
    {% if var('rdstation_stage_history') == 'v1' %}
    select deal_id, stage_id, entered_at, left_at, true as entry_was_seen
    from {{ ref('stg_rdstation__deal_stage_histories') }}
    where entered_at is not null
    {% else %}
    select
        deal_id,
        stage_id,
        case when version = 1 then created_at else updated_at end as entered_at,
        lead(updated_at) over (partition by deal_id order by version) as left_at,
        -- Where a deal was before its first version is known of one that was created since the first sync. A table that
        -- keeps one version a deal (Append + Deduped) tells of no move at all.
        version > 1 or coalesce(most_versions > 1 and created_at >= read_since, false) as entry_was_seen
    from (
        select
            *,
            lag(stage_id) over (partition by deal_id order by version) as stage_before,
            max(version) over () as most_versions,
            min(delivered_at) over () as read_since
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
