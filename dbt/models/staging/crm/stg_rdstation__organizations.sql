{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'companies', [
    ['id', 'text'], ['name', 'text'], ['url', 'text'], ['custom_fields', 'json'], ['created_at', 'moment'],
    ['updated_at', 'moment'],
]) }}
{% else %}
{{ staged('rdstation_v2', 'organizations', [
    ['id', 'text'], ['name', 'text'], ['url', 'text'], ['custom_fields', 'json'], ['created_at', 'moment'],
    ['updated_at', 'moment'],
]) }}
{% endif %}
