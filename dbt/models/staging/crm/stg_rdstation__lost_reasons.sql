{% if var('rdstation_api') == 'v1' %}
{{ staged('rdstation_v1', 'reasons_for_loss', [['_id', 'text', 'id'], ['name', 'text']]) }}
{% else %}
{{ staged('rdstation_v2', 'lost_reasons', [['id', 'text'], ['name', 'text']]) }}
{% endif %}
