-- Slugs and labels become column names: small letters without accents, one underscore for all between, cf_ in front so that
-- a digit may begin one. Of two that become the same, the later field gets a number.
with fields as (
    select
        *,
        -- Capitals are named, too: in the C locale of PostgreSQL, lower() knows those without an accent alone.
        {{ replace_all(
            "lower(translate(coalesce(slug, label), 'áàâãäªéèêëíìîïóòôõöºúùûüçñÁÀÂÃÄÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑ',"
            ~ " 'aaaaaaeeeeiiiioooooouuuucnaaaaaeeeeiiiiooooouuuucn'))", '[^a-z0-9]+', '_'
        ) }} as words
    from {{ ref('stg_rdstation__custom_fields') }}
),

bases as (
    select *, coalesce(nullif(trim(substr(trim(words, '_'), 1, 50), '_'), ''), id) as base
    from fields
),

numbered as (
    select *, row_number() over (partition by entity, base order by created_at, id) as number
    from bases
)

select
    id as field_id,
    entity,
    slug,
    label,
    type as field_type,
    {% if var('rdstation_money_fields') %}
    coalesce(slug, label) in ({% for name in var('rdstation_money_fields') %}{{ quoted(name) }}{{ ', ' if not loop.last }}{% endfor %})
    {% else %}false{% endif %} as is_money,
    concat('cf_', base, case when number > 1 then concat('__', cast(number as {{ type_of('text') }})) else '' end) as column_name,
    position
from numbered
