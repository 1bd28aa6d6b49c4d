{# Types and conversions that warehouses spell differently. The default is DuckDB's and PostgreSQL's spelling. #}

{# The type that a kind of column has here: text, number, integer, flag, moment (UTC), day, json, ratio. #}
{% macro type_of(kind) %}{{ adapter.dispatch('type_of', 'rdstation')(kind) }}{% endmacro %}

{% macro default__type_of(kind) -%}
{{ {'text': 'varchar', 'number': 'numeric(38, 9)', 'integer': 'bigint', 'flag': 'boolean', 'moment': 'timestamp',
    'day': 'date', 'json': 'json', 'ratio': 'double precision'}[kind] }}
{%- endmacro %}

{% macro postgres__type_of(kind) -%}{{ 'jsonb' if kind == 'json' else default__type_of(kind) }}{%- endmacro %}

{% macro snowflake__type_of(kind) -%}
{{ 'variant' if kind == 'json' else 'timestamp_ntz' if kind == 'moment' else default__type_of(kind) }}
{%- endmacro %}

{% macro bigquery__type_of(kind) -%}
{{ {'text': 'string', 'number': 'numeric', 'ratio': 'float64'}.get(kind) or default__type_of(kind) }}
{%- endmacro %}

{# Nothing, in the type of a kind. #}
{% macro null_of(kind) %}{{ adapter.dispatch('null_of', 'rdstation')(kind) }}{% endmacro %}
{% macro default__null_of(kind) %}cast(null as {{ type_of(kind) }}){% endmacro %}
{% macro bigquery__null_of(kind) -%}
{{ 'parse_json(cast(null as string))' if kind == 'json' else default__null_of(kind) }}
{%- endmacro %}

{# A JSON column, whose type in the table may be text. #}
{% macro as_json(value, type) %}{{ adapter.dispatch('as_json', 'rdstation')(value, type) }}{% endmacro %}
{% macro default__as_json(value, type) %}cast({{ value }} as {{ type_of('json') }}){% endmacro %}
{% macro snowflake__as_json(value, type) -%}
{{ 'try_parse_json(' ~ value ~ ')' if is_text(type) else 'to_variant(' ~ value ~ ')' }}
{%- endmacro %}
{% macro bigquery__as_json(value, type) -%}
{{ 'safe.parse_json(' ~ value ~ ')' if is_text(type) else value }}
{%- endmacro %}

{% macro is_text(type) -%}
{{ 'true' if 'CHAR' in type | upper or 'TEXT' in type | upper or 'STRING' in type | upper else '' }}
{%- endmacro %}

{# A moment in UTC, without a zone where the warehouse has such a type. #}
{% macro as_utc(value, type) %}{{ adapter.dispatch('as_utc', 'rdstation')(value, type) }}{% endmacro %}

{% macro default__as_utc(value, type) -%}
{%- if is_text(type) -%}(cast(nullif({{ value }}, '') as timestamptz) at time zone 'UTC')
{%- elif 'WITH TIME ZONE' in type | upper or 'TIMESTAMPTZ' in type | upper -%}({{ value }} at time zone 'UTC')
{%- else -%}cast({{ value }} as timestamp)
{%- endif -%}
{%- endmacro %}

{% macro snowflake__as_utc(value, type) -%}
{%- if is_text(type) -%}cast(convert_timezone('UTC', try_to_timestamp_tz({{ value }})) as timestamp_ntz)
{%- elif 'NTZ' in type | upper -%}{{ value }}
{%- else -%}cast(convert_timezone('UTC', {{ value }}) as timestamp_ntz)
{%- endif -%}
{%- endmacro %}

{% macro bigquery__as_utc(value, type) -%}
cast({{ "nullif(" ~ value ~ ", '')" if is_text(type) else value }} as timestamp)
{%- endmacro %}

{# The day of a UTC moment where the team works: a deal won at 22:30 on the 31st was won on the 31st. #}
{% macro local_day(moment) %}{{ adapter.dispatch('local_day', 'rdstation')(moment) }}{% endmacro %}
{% macro default__local_day(moment) -%}
cast(({{ moment }} at time zone 'UTC') at time zone '{{ var("rdstation_timezone") }}' as date)
{%- endmacro %}
{% macro snowflake__local_day(moment) -%}
cast(convert_timezone('UTC', '{{ var("rdstation_timezone") }}', {{ moment }}) as date)
{%- endmacro %}
{% macro bigquery__local_day(moment) %}date({{ moment }}, '{{ var("rdstation_timezone") }}'){% endmacro %}

{# The first day of a day's month. #}
{% macro month_of(day) %}{{ adapter.dispatch('month_of', 'rdstation')(day) }}{% endmacro %}
{% macro default__month_of(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}
{% macro bigquery__month_of(day) %}date_trunc({{ day }}, month){% endmacro %}

{# Seconds from one moment to a later one, with a fraction. #}
{% macro seconds_between(earlier, later) %}{{ adapter.dispatch('seconds_between', 'rdstation')(earlier, later) }}{% endmacro %}
{% macro default__seconds_between(earlier, later) -%}
cast(extract(epoch from ({{ later }} - {{ earlier }})) as {{ type_of('ratio') }})
{%- endmacro %}
{% macro snowflake__seconds_between(earlier, later) -%}
(datediff('millisecond', {{ earlier }}, {{ later }}) / 1000)
{%- endmacro %}
{% macro bigquery__seconds_between(earlier, later) -%}
(timestamp_diff({{ later }}, {{ earlier }}, millisecond) / 1000)
{%- endmacro %}

{# A moment some hours before another. #}
{% macro hours_before(moment, hours) %}{{ adapter.dispatch('hours_before', 'rdstation')(moment, hours) }}{% endmacro %}
{% macro default__hours_before(moment, hours) %}{{ moment }} - interval '{{ hours }} hours'{% endmacro %}
{% macro snowflake__hours_before(moment, hours) %}dateadd('hour', -{{ hours }}, {{ moment }}){% endmacro %}
{% macro bigquery__hours_before(moment, hours) %}timestamp_sub({{ moment }}, interval {{ hours }} hour){% endmacro %}

{# Now in UTC, or what the variable rdstation_now says. #}
{% macro utc_now() -%}
{%- if var('rdstation_now') -%}cast('{{ var("rdstation_now") }}' as {{ type_of('moment') }})
{%- else -%}{{ adapter.dispatch('utc_now', 'rdstation')() }}
{%- endif -%}
{%- endmacro %}
{% macro default__utc_now() %}(current_timestamp at time zone 'UTC'){% endmacro %}
{% macro snowflake__utc_now() %}sysdate(){% endmacro %}
{% macro bigquery__utc_now() %}current_timestamp(){% endmacro %}

{# The median of a group's numbers; BigQuery's is approximate. #}
{% macro median_of(value) %}{{ adapter.dispatch('median_of', 'rdstation')(value) }}{% endmacro %}
{% macro default__median_of(value) %}median({{ value }}){% endmacro %}
{% macro postgres__median_of(value) %}percentile_cont(0.5) within group (order by {{ value }}){% endmacro %}
{% macro bigquery__median_of(value) %}approx_quantiles({{ value }}, 100)[offset(50)]{% endmacro %}

{# A part of a whole, 0 to 1; null of nothing. #}
{% macro part_of(part, whole) -%}
cast({{ part }} as {{ type_of('ratio') }}) / nullif({{ whole }}, 0)
{%- endmacro %}
