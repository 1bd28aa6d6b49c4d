{{ config(post_hook="{{ describe_custom_fields('contact') }}") }}

select
    contacts.id as contact_id,
    contacts.name as contact_name,
    contacts.job_title,
    contacts.organization_id,
    organizations.name as organization_name,
    contacts.created_at,
    contacts.updated_at,
    deletions.id is not null as is_deleted
    {{- custom_field_columns('contact', 'contacts.custom_fields') }}
from {{ ref('stg_rdstation__contacts') }} as contacts
left join {{ ref('stg_rdstation__organizations') }} as organizations on organizations.id = contacts.organization_id
left join {{ ref('rdstation__deletions') }} as deletions on deletions.stream = 'contacts' and deletions.id = contacts.id
{{- join_custom_values('contact', 'stg_rdstation__contacts', 'custom_fields', 'contacts.id') }}
