{{ config(post_hook="{{ describe_custom_fields('deal') }}") }}

select
    deals.id as deal_id,
    deals.name as deal_name,
    deals.status,
    pipelines.name as pipeline_name,
    stages.name as stage_name,
    stages.position as stage_position,
    users.name as owner_name,
    organizations.name as organization_name,
    contacts.name as contact_name,
    sources.name as source_name,
    campaigns.name as campaign_name,
    lost_reasons.name as lost_reason_name,
    deals.one_time_price,
    deals.recurrence_price,
    deals.total_price,
    deals.rating,
    deals.expected_close_date,
    deals.created_at,
    deals.created_on,
    deals.closed_at,
    deals.closed_on,
    {{ month_of('deals.closed_on') }} as closed_month,
    {{ seconds_between('deals.created_at', 'deals.closed_at') }} / 86400 as days_to_close,
    deals.updated_at,
    deletions.id is not null as is_deleted,
    deals.pipeline_id,
    deals.stage_id,
    deals.owner_id,
    deals.organization_id,
    deals.first_contact_id as contact_id,
    deals.source_id,
    deals.campaign_id,
    deals.lost_reason_id
    {{- custom_field_columns('deal', 'deals.custom_fields') }}
from {{ ref('stg_rdstation__deals') }} as deals
left join {{ ref('stg_rdstation__pipelines') }} as pipelines on pipelines.id = deals.pipeline_id
left join {{ ref('stg_rdstation__stages') }} as stages on stages.id = deals.stage_id
left join {{ ref('stg_rdstation__users') }} as users on users.id = deals.owner_id
left join {{ ref('stg_rdstation__organizations') }} as organizations on organizations.id = deals.organization_id
left join {{ ref('stg_rdstation__contacts') }} as contacts on contacts.id = deals.first_contact_id
left join {{ ref('stg_rdstation__sources') }} as sources on sources.id = deals.source_id
left join {{ ref('stg_rdstation__campaigns') }} as campaigns on campaigns.id = deals.campaign_id
left join {{ ref('stg_rdstation__lost_reasons') }} as lost_reasons on lost_reasons.id = deals.lost_reason_id
left join {{ ref('rdstation__deletions') }} as deletions on deletions.stream = 'deals' and deletions.id = deals.id
{{- join_custom_values('deal', 'stg_rdstation__deals', 'custom_fields', 'deals.id') }}
