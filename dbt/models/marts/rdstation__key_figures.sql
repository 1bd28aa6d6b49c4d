select
{{ outcomes() }}
from {{ ref('rdstation__deals') }}
where not is_deleted
