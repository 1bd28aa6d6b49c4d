{# Objects and lists in JSON columns. #}

{# The text below a key of an object: null for a null, a missing key or another shape; a list as JSON text. #}
{% macro json_text(object, key) -%}
nullif({{ adapter.dispatch('json_text', 'rdstation')(object, key | replace("'", "''")) }}, '')
{%- endmacro %}
{% macro default__json_text(object, key) %}json_extract_string({{ object }}, '$."{{ key }}"'){% endmacro %}
{% macro postgres__json_text(object, key) %}({{ object }} ->> '{{ key }}'){% endmacro %}
{% macro snowflake__json_text(object, key) %}cast(get({{ object }}, '{{ key }}') as varchar){% endmacro %}
{% macro bigquery__json_text(object, key) -%}
coalesce(
    json_value({{ object }}, '$."{{ key }}"'), nullif(to_json_string(json_query({{ object }}, '$."{{ key }}"')), 'null')
)
{%- endmacro %}

{# The id of an embedded object of API v1, which calls it id, _id or both. #}
{% macro json_id(object) %}coalesce({{ json_text(object, 'id') }}, {{ json_text(object, '_id') }}){% endmacro %}

{# The first text of a list. #}
{% macro json_first(list) %}{{ adapter.dispatch('json_first', 'rdstation')(list) }}{% endmacro %}
{% macro default__json_first(list) %}json_extract_string({{ list }}, '$[0]'){% endmacro %}
{% macro postgres__json_first(list) %}({{ list }} ->> 0){% endmacro %}
{% macro snowflake__json_first(list) %}cast(get({{ list }}, 0) as varchar){% endmacro %}
{% macro bigquery__json_first(list) %}json_value({{ list }}, '$[0]'){% endmacro %}

{# A row for each item of a list: `from t {{ json_rows('t.emails') }}`, and `json_item()` is the item. No list: no row. #}
{% macro json_rows(list) %}{{ adapter.dispatch('json_rows', 'rdstation')(list) }}{% endmacro %}
{% macro default__json_rows(list) -%}
cross join unnest(
    case when json_type({{ list }}) = 'ARRAY' then from_json({{ list }}, '["json"]') end
) as items (item)
{%- endmacro %}
{% macro postgres__json_rows(list) -%}
cross join lateral jsonb_array_elements(
    case when jsonb_typeof({{ list }}) = 'array' then {{ list }} else '[]' end
) as items (item)
{%- endmacro %}
{% macro snowflake__json_rows(list) %}, lateral flatten(input => {{ list }}) as items{% endmacro %}
{% macro bigquery__json_rows(list) %}cross join unnest(json_query_array({{ list }})) as item{% endmacro %}

{% macro json_item() %}{{ adapter.dispatch('json_item', 'rdstation')() }}{% endmacro %}
{% macro default__json_item() %}item{% endmacro %}
{% macro snowflake__json_item() %}items.value{% endmacro %}

{# A list of texts in JSON as people read it: Site, Feira. #}
{% macro readable_list(text) -%}
nullif({{ replace_all(replace_all(text, '^[[]"?|"?[]]$', ''), '" *, *"', ', ') }}, '')
{%- endmacro %}
