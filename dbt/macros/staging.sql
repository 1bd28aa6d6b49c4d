{#
    Read a table with the columns and types that the models rely on, whatever of it is here: a column that the table lacks
    is null, a table that was not synced is empty. Columns are [name, kind] or [name, kind, new name]; kinds are those of
    `type_of`, and lower (a text in lower case). Of the versions of a record, the newest one, unless `versions`.
    `delivered_at` is when the row arrived.
#}
{% macro staged(source_name, table, columns, key=['id'], versions=false) %}
{%- if var('rdstation_api') not in ['v1', 'v2'] or var('rdstation_stage_history') not in ['v1', 'v2'] -%}
    {%- do exceptions.raise_compiler_error('Set the variables rdstation_api and rdstation_stage_history to v1 or v2.') -%}
{%- endif -%}
{%- set relation = source(source_name, table) -%}
{%- set found = none -%}
{%- set types = {} -%}
{%- set names = {} -%}
{%- if execute -%}
    {%- set found = adapter.get_relation(
        database=relation.database, schema=relation.schema, identifier=relation.identifier
    ) -%}
{%- endif -%}
{%- set is_read = source_name | replace('rdstation_', '') in [var('rdstation_api'), var('rdstation_stage_history'), 'conversas'] -%}
{%- if execute and is_read and not found -%}
    {%- do exceptions.warn(relation ~ ' is not here, so what is built on it stays empty. Sync the stream, or set the variables '
        ~ source_name ~ '_database and ' ~ source_name ~ '_schema.') -%}
{%- endif -%}
{%- if found -%}
    {%- for column in adapter.get_columns_in_relation(found) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- do names.update({column.name | lower: adapter.quote(column.name)}) -%}
    {%- endfor -%}
{%- endif -%}
{%- set last_edited = columns | selectattr(0, 'equalto', 'updated_at') | list -%}
{%- set wanted = columns + [['_airbyte_extracted_at', 'moment', 'delivered_at']] -%}
{%- set kept = [] -%}
{%- for column in wanted -%}{%- do kept.append(column | last if column | length > 2 else column[0]) -%}{%- endfor -%}
select {% if not versions and found %}{{ kept | join(', ') }} from (select *, row_number() over (
    partition by {{ key | join(', ') }}
    order by {% if last_edited %}case when updated_at is null then 1 else 0 end, updated_at desc, {% endif %}delivered_at desc
) as newest_first from (select {% endif %}
{%- for column in wanted %}
    {% set name = kept[loop.index0] -%}
    {%- if column[0] in names -%}
        {{ typed(names[column[0]], column[1], types[column[0]]) }} as {{ name }}
    {%- else -%}
        {{ null_of('text' if column[1] == 'lower' else column[1]) }} as {{ name }}
    {%- endif -%}
    {{ ',' if not loop.last }}
{%- endfor %}
{%- if found %}
from {{ found }}
{%- if not versions %}) as read_rows) as ranked where newest_first = 1{% endif %}
{%- else %}
from (select 1 as one) as nothing
where 1 = 0
{%- endif %}
{%- endmacro %}

{# One column in the type of its kind. #}
{% macro typed(value, kind, type) -%}
{%- if kind == 'text' -%}nullif(cast({{ value }} as {{ type_of('text') }}), '')
{%- elif kind == 'lower' -%}nullif(lower(trim(cast({{ value }} as {{ type_of('text') }}))), '')
{%- elif kind == 'moment' -%}{{ as_utc(value, type) }}
{%- elif kind == 'json' -%}{{ as_json(value, type) }}
{%- elif kind == 'day' and is_text(type) -%}{{ parse_day(value) }}
{%- elif kind == 'number' and is_text(type) -%}{{ parse_number(value) }}
{%- else -%}cast({{ value }} as {{ type_of(kind) }})
{%- endif -%}
{%- endmacro %}
