{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'contacts', [
    ['id', 'text'], ['name', 'text'], ['title', 'text', 'job_title'], ['organization_id', 'text'], ['emails', 'json'],
    ['phones', 'json'], ['contact_custom_fields', 'json', 'custom_fields'], ['created_at', 'moment'],
    ['updated_at', 'moment'],
]) }}
{% else %}
{{ staged('rdstation_v2', 'contacts', [
    ['id', 'text'], ['name', 'text'], ['job_title', 'text'], ['organization_id', 'text'], ['emails', 'json'],
    ['phones', 'json'], ['custom_fields', 'json'], ['created_at', 'moment'], ['updated_at', 'moment'],
]) }}
{% endif %}
