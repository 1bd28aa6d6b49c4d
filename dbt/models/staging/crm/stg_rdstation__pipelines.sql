{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'deal_pipelines', [['id', 'text'], ['name', 'text'], ['order', 'integer', 'position']]) }}
{% else %}
{{ staged('rdstation_v2', 'pipelines', [['id', 'text'], ['name', 'text'], ['order', 'integer', 'position']]) }}
{% endif %}
