{#
    A column for each custom field of an entity (deal, contact, organization), read at run time from the model
    rdstation__custom_fields: `cf_erp_id` for the slug `erp-id`. In API v2 `fields` is an object of slugs and values; in API
    v1 the values come from `custom_values`, which `join_custom_values` joins.
#}
{% macro custom_field_columns(entity, fields) -%}
{%- set query = custom_fields_query(entity) -%}
{%- if execute -%}
{%- for slug, id, column, type, is_money, label in run_query(query).rows -%}
    {%- set value = 'custom_values.' ~ column if var('rdstation_api') == 'v1' else json_words(fields, slug) %}
    , {{ custom_value(value, type, is_money) }} as {{ column }}
{%- endfor -%}
{%- endif -%}
{%- endmacro %}

{# In API v1 a record has a list of {custom_field_id, value}: a row for each record, with a column for each field. #}
{% macro join_custom_values(entity, table, list, id) -%}
{%- set query = custom_fields_query(entity) -%}
{%- if execute and var('rdstation_api') == 'v1' %}
left join (
    select {{ table }}.id as record_id
    {%- for slug, id, column, type, is_money, label in run_query(query).rows %}
        , max(
            case
                when {{ json_text(json_item(), 'custom_field_id') }} = {{ quoted(id) }} then {{ json_words(json_item(), 'value') }}
            end
        ) as {{ column }}
    {%- endfor %}
    from {{ ref(table) }} as {{ table }} {{ json_rows(table ~ '.' ~ list) }}
    group by {{ table }}.id
) as custom_values on custom_values.record_id = {{ id }}
{%- endif -%}
{%- endmacro %}

{# Comments each custom field's column with its label in RD Station; for a post-hook. #}
{% macro describe_custom_fields(entity) -%}
{%- set query = custom_fields_query(entity) -%}
{%- set columns = {} -%}
{%- if execute -%}
{%- for slug, id, column, type, is_money, label in run_query(query).rows if label -%}
    {%- do columns.update({column: {'name': column, 'description': label, 'quote': false}}) -%}
{%- endfor -%}
{%- endif -%}
{#- dbt knows the kind of a new table only after its hooks. -#}
{%- if columns -%}{{ alter_column_comment(this.incorporate(type='table'), columns) }}{%- endif -%}
{%- endmacro %}

{# `dbt compile` may run before the first build: then there is nothing to read. #}
{% macro custom_fields_query(entity) -%}
{%- set fields = ref('rdstation__custom_fields') -%}
{%- set found = true -%}
{%- if execute and flags.WHICH not in ('run', 'build') -%}
    {%- set found = adapter.get_relation(
        database=fields.database, schema=fields.schema, identifier=fields.identifier
    ) -%}
{%- endif -%}
{%- if found -%}
select slug, field_id, column_name, field_type, is_money, label
from {{ fields }}
where entity = '{{ entity }}'
order by position, column_name
{%- else -%}
select 1, 1, 1, 1, 1, 1 from (select 1 as one) as nothing where 1 = 0
{%- endif -%}
{%- endmacro %}

{% macro custom_value(value, type, is_money) -%}
{%- if type == 'date' -%}{{ parse_day(value) }}
{%- elif is_money -%}{{ parse_money(value) }}
{%- else -%}{{ value }}
{%- endif -%}
{%- endmacro %}
