{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'deal_sources', [['id', 'text'], ['name', 'text']]) }}
{% else %}
{{ staged('rdstation_v2', 'sources', [['id', 'text'], ['name', 'text']]) }}
{% endif %}
