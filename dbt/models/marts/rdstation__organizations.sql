{{ config(post_hook="{{ describe_custom_fields('organization') }}") }}

select
    organizations.id as organization_id,
    organizations.name as organization_name,
    organizations.url,
    organizations.created_at,
    organizations.updated_at,
    deletions.id is not null as is_deleted
    {{- custom_field_columns('organization', 'organizations.custom_fields') }}
from {{ ref('stg_rdstation__organizations') }} as organizations
left join {{ ref('rdstation__deletions') }} as deletions on deletions.stream = 'organizations' and deletions.id = organizations.id
{{- join_custom_values('organization', 'stg_rdstation__organizations', 'custom_fields', 'organizations.id') }}
