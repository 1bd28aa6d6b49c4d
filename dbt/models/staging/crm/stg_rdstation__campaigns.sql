{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'campaigns', [['id', 'text'], ['name', 'text']]) }}
{% else %}
{{ staged('rdstation_v2', 'campaigns', [['id', 'text'], ['name', 'text']]) }}
{% endif %}
