-- RD Station tells of no deletion. A row that a later full refresh did not bring again is gone.
{% set only_full = ['users', 'stages', 'pipelines', 'lost_reasons', 'sources', 'campaigns'] %}
{% set streams = ['deals', 'contacts', 'organizations', 'tasks'] + only_full %}
{% set began = var('rdstation_full_refreshes') %}
{% for stream in began if stream not in streams %}
{% do exceptions.raise_compiler_error('The variable rdstation_full_refreshes knows ' ~ streams | join(', ') ~ ', and no ' ~ stream ~ '.') %}
{% endfor %}
{% for stream in streams %}
{% set table = ref('stg_rdstation__' ~ stream) %}
select '{{ stream }}' as stream, id, delivered_at as last_delivered_at
from {{ table }}
where
    {% if stream in began -%}
    delivered_at < cast('{{ began[stream] }}' as {{ type_of('moment') }})
    {%- elif stream in only_full -%}
    delivered_at < (
        select {{ hours_before('max(delivered_at)', var('rdstation_full_refresh_hours')) }} from {{ table }}
    )
    {%- else -%}
    1 = 0
    {%- endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
