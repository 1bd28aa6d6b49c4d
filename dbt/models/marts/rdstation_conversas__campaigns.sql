select
    id as campaign_id,
    name as campaign_name,
    template_id,
    addressed,
    sent,
    opened,
    failed,
    {{ part_of('opened', 'sent') }} as opened_part,
    {{ part_of('failed', 'sent + failed') }} as failed_part
from {{ ref('stg_rdstation_conversas__campaigns') }}
