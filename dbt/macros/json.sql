{# Objects and lists in JSON columns. #}

{# The text below a key of an object: null for a null, a missing key or another shape. #}
{% macro json_text(object, key) -%}
nullif({{ adapter.dispatch('json_text', 'rdstation')(object, key) }}, '')
{%- endmacro %}
{% macro default__json_text(object, key) %}json_extract_string({{ object }}, {{ json_pointer(key) }}){% endmacro %}
{% macro postgres__json_text(object, key) %}({{ object }} ->> {{ quoted(key) }}){% endmacro %}
{% macro snowflake__json_text(object, key) %}cast(get({{ object }}, {{ quoted(key) }}) as varchar){% endmacro %}
{% macro bigquery__json_text(object, key) %}json_value({{ object }}[{{ quoted(key) }}]){% endmacro %}

{# The same, and a list of texts as people read it: Site, Feira. #}
{% macro json_words(object, key) -%}
nullif({{ adapter.dispatch('json_words', 'rdstation')(object, key) }}, '')
{%- endmacro %}
{% macro default__json_words(object, key) -%}
case
    when json_type({{ object }}, {{ json_pointer(key) }}) = 'ARRAY'
        then array_to_string(cast(json_extract({{ object }}, {{ json_pointer(key) }}) as varchar[]), ', ')
    else {{ default__json_text(object, key) }}
end
{%- endmacro %}
{% macro postgres__json_words(object, key) -%}
case
    when jsonb_typeof({{ object }} -> {{ quoted(key) }}) = 'array' then (
        select string_agg(word, ', ' order by place)
        from jsonb_array_elements_text({{ object }} -> {{ quoted(key) }}) with ordinality as words (word, place)
    )
    else {{ postgres__json_text(object, key) }}
end
{%- endmacro %}
{% macro snowflake__json_words(object, key) -%}
coalesce(array_to_string(as_array(get({{ object }}, {{ quoted(key) }})), ', '), {{ snowflake__json_text(object, key) }})
{%- endmacro %}
{% macro bigquery__json_words(object, key) -%}
coalesce(array_to_string(json_value_array({{ object }}[{{ quoted(key) }}]), ', '), {{ bigquery__json_text(object, key) }})
{%- endmacro %}

{# DuckDB's JSON pointer takes any key, a JSON path none with quotes. #}
{% macro json_pointer(key) %}{{ quoted('/' ~ key | replace('~', '~0') | replace('/', '~1')) }}{% endmacro %}

{# A text as a literal. BigQuery and Snowflake read backslashes in it. #}
{% macro quoted(text) %}{{ adapter.dispatch('quoted', 'rdstation')(text) }}{% endmacro %}
{% macro default__quoted(text) %}'{{ text | replace("'", "''") }}'{% endmacro %}
{% macro snowflake__quoted(text) %}'{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'{% endmacro %}
{% macro bigquery__quoted(text) %}{{ snowflake__quoted(text) }}{% endmacro %}

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
