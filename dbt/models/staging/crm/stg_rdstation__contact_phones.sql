select contacts.id as contact_id, {{ json_text(json_item(), 'phone') }} as phone, {{ json_text(json_item(), 'type') }} as type
from {{ ref('stg_rdstation__contacts') }} as contacts {{ json_rows('contacts.phones') }}
where {{ json_text(json_item(), 'phone') }} is not null
group by 1, 2, 3
