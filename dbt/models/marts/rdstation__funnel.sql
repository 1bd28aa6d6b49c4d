-- A deal has reached the stages up to the one it is in; one that was won, all of its pipeline.
with deals as (
    select * from {{ ref('rdstation__deals') }} where not is_deleted
),

stages as (
    select stages.*
    from {{ ref('stg_rdstation__stages') }} as stages
    left join {{ ref('rdstation__deletions') }} as deletions on deletions.stream = 'stages' and deletions.id = stages.id
    where deletions.id is null
),

reached as (
    select
        stages.pipeline_id,
        stages.id as stage_id,
        stages.name as stage_name,
        stages.position,
        count(deals.deal_id) as reached,
        sum(case when deals.stage_id = stages.id and deals.status in ('ongoing', 'paused') then 1 else 0 end) as open_here,
        sum(case when deals.stage_id = stages.id and deals.status = 'lost' then 1 else 0 end) as lost_here,
        sum(case when deals.status = 'won' then 1 else 0 end) as won
    from stages
    left join deals
        on deals.pipeline_id = stages.pipeline_id
        and (deals.status = 'won' or deals.stage_position >= stages.position)
    group by 1, 2, 3, 4
)

select
    reached.pipeline_id,
    pipelines.name as pipeline_name,
    reached.stage_id,
    reached.stage_name,
    reached.position,
    reached.reached,
    reached.open_here,
    reached.lost_here,
    reached.won,
    {{ part_of(
        'coalesce(lead(reached.reached) over (partition by reached.pipeline_id order by reached.position, reached.stage_id), reached.won)',
        'reached.reached'
    ) }} as conversion_to_next,
    {{ part_of('reached.won', 'reached.reached') }} as conversion_to_won
from reached
left join {{ ref('stg_rdstation__pipelines') }} as pipelines on pipelines.id = reached.pipeline_id
