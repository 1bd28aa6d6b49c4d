{# Texts as people in Brazil write days and amounts. What cannot be read is null, and never stops a run. #}

{# A day from DD/MM/YYYY, or from a text that begins with YYYY-MM-DD. A year has four digits: 26 is no year. #}
{% macro parse_day(text) -%}
case
    when {{ matches("trim(" ~ text ~ ")", "^([0-3]?[0-9]/[01]?[0-9]/[12][0-9]{3}|[12][0-9]{3}-[01][0-9]-[0-3][0-9].*)$") }}
        then {{ adapter.dispatch('parse_day', 'rdstation')(text) }}
end
{%- endmacro %}

{% macro default__parse_day(text) -%}
coalesce(
    cast(try_strptime(trim({{ text }}), '%d/%m/%Y') as date),
    cast(try_strptime(substr(trim({{ text }}), 1, 10), '%Y-%m-%d') as date)
)
{%- endmacro %}

{% macro snowflake__parse_day(text) -%}
coalesce(try_to_date(trim({{ text }}), 'DD/MM/YYYY'), try_to_date(substr(trim({{ text }}), 1, 10), 'YYYY-MM-DD'))
{%- endmacro %}

{% macro bigquery__parse_day(text) -%}
coalesce(
    safe.parse_date('%d/%m/%Y', trim({{ text }})), safe.parse_date('%Y-%m-%d', substr(trim({{ text }}), 1, 10))
)
{%- endmacro %}

{# PostgreSQL has no conversion that gives null for 31/02: count on from the month's first day and stay in its month. #}
{% macro postgres__parse_day(text) -%}
case
    when trim({{ text }}) ~ '^[0-9]{1,2}/(0?[1-9]|1[0-2])/[0-9]{4}$'
        then {{ _day_of_month("split_part(trim(" ~ text ~ "), '/', 3)", "split_part(trim(" ~ text ~ "), '/', 2)",
                              "split_part(trim(" ~ text ~ "), '/', 1)") }}
    when trim({{ text }}) ~ '^[0-9]{4}-(0[1-9]|1[0-2])-'
        then {{ _day_of_month("substr(trim(" ~ text ~ "), 1, 4)", "substr(trim(" ~ text ~ "), 6, 2)",
                              "substr(trim(" ~ text ~ "), 9, 2)") }}
end
{%- endmacro %}

{% macro _day_of_month(year, month, day) -%}
{%- set found = "(make_date(cast(" ~ year ~ " as int), cast(" ~ month ~ " as int), 1) + cast(" ~ day ~ " as int) - 1)" -%}
case when extract(month from {{ found }}) = cast({{ month }} as int) then {{ found }} end
{%- endmacro %}

{# An amount from texts such as R$ 1.234,56, 1234.56, 1.234 (thousands) or 0,5: the last separator is the decimal one,
   unless it is the only kind of separator and groups of three digits follow. Other words and currencies make it no amount. #}
{% macro parse_money(text) -%}
{%- set digits = replace_all("upper(cast(" ~ text ~ " as " ~ type_of('text') ~ "))", "R[$]|BRL|REAIS|REAL|[ \u00a0]", "") -%}
case
    when length({{ digits }}) > 25 then null
    when {{ matches(digits, '^-?[1-9][0-9]{0,2}([.][0-9]{3})+$') }} then cast(replace({{ digits }}, '.', '') as {{ type_of('number') }})
    when {{ matches(digits, '^-?[1-9][0-9]{0,2}(,[0-9]{3}){2,}$') }} then cast(replace({{ digits }}, ',', '') as {{ type_of('number') }})
    when {{ matches(digits, '^-?[0-9]+([.][0-9]{3})*,[0-9]+$') }}
        then cast(replace(replace({{ digits }}, '.', ''), ',', '.') as {{ type_of('number') }})
    when {{ matches(digits, '^-?[0-9]+(,[0-9]{3})*([.][0-9]+)?$') }} then cast(replace({{ digits }}, ',', '') as {{ type_of('number') }})
end
{%- endmacro %}

{% macro replace_all(text, pattern, by) %}{{ adapter.dispatch('replace_all', 'rdstation')(text, pattern, by) }}{% endmacro %}
{% macro default__replace_all(text, pattern, by) %}regexp_replace({{ text }}, '{{ pattern }}', '{{ by }}', 'g'){% endmacro %}
{% macro snowflake__replace_all(text, pattern, by) %}regexp_replace({{ text }}, '{{ pattern }}', '{{ by }}'){% endmacro %}
{% macro bigquery__replace_all(text, pattern, by) %}regexp_replace({{ text }}, '{{ pattern }}', '{{ by }}'){% endmacro %}

{% macro matches(text, pattern) %}{{ adapter.dispatch('matches', 'rdstation')(text, pattern) }}{% endmacro %}
{% macro default__matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro postgres__matches(text, pattern) %}{{ text }} ~ '{{ pattern }}'{% endmacro %}
{% macro snowflake__matches(text, pattern) %}regexp_like({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro bigquery__matches(text, pattern) %}regexp_contains({{ text }}, '{{ pattern }}'){% endmacro %}

{# A number that may come as text; another text is null. #}
{% macro parse_number(text) -%}
case when {{ matches(text, '^-?[0-9]{1,25}([.][0-9]+)?$') }} then cast({{ text }} as {{ type_of('number') }}) end
{%- endmacro %}
