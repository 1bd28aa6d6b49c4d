{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'custom_fields', [
    ['id', 'text'], ['slug', 'text'], ['label', 'text'], ['type', 'lower'], ['for', 'lower', 'entity'],
    ['order', 'integer', 'position'], ['created_at', 'moment'],
]) }}
{% else %}
{{ staged('rdstation_v2', 'custom_fields', [
    ['id', 'text'], ['slug', 'text'], ['name', 'text', 'label'], ['type', 'lower'], ['entity', 'lower'],
    ['order', 'integer', 'position'], ['created_at', 'moment'],
]) }}
{% endif %}
