select contacts.id as contact_id, lower(trim({{ json_text(json_item(), 'email') }})) as email
from {{ ref('stg_rdstation__contacts') }} as contacts {{ json_rows('contacts.emails') }}
where {{ json_text(json_item(), 'email') }} is not null
group by 1, 2
