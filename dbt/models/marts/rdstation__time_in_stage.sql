{{ config(materialized='view') }}

with lengths as (
    select
        visits.stage_id,
        visits.left_at,
        {{ seconds_between('visits.entered_at', 'coalesce(visits.left_at, ' ~ utc_now() ~ ')') }} / 86400 as days
    from {{ ref('rdstation__deal_stage_visits') }} as visits
    left join {{ ref('rdstation__deletions') }} as deletions on deletions.stream = 'deals' and deletions.id = visits.deal_id
    where deletions.id is null and visits.entry_was_seen
)

select
    stages.pipeline_id,
    pipelines.name as pipeline_name,
    stages.id as stage_id,
    stages.name as stage_name,
    stages.position,
    count(*) as visits,
    sum(case when lengths.left_at is null then 1 else 0 end) as still_there,
    avg(lengths.days) as mean_days,
    {{ median_of('lengths.days') }} as median_days
from lengths
inner join {{ ref('stg_rdstation__stages') }} as stages on stages.id = lengths.stage_id
left join {{ ref('stg_rdstation__pipelines') }} as pipelines on pipelines.id = stages.pipeline_id
group by 1, 2, 3, 4, 5
