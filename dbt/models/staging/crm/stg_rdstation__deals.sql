with deals as (
    {% if var('rdstation_api') == 'v1' %}
    {{ staged('rdstation_v1', 'deals_details', [
        ['id', 'text'], ['name', 'text'], ['win', 'flag'], ['hold', 'flag'], ['rating', 'integer'],
        ['amount_unique', 'number', 'one_time_price'], ['amount_montly', 'number', 'recurrence_price'],
        ['amount_total', 'number', 'total_price'], ['prediction_date', 'day', 'expected_close_date'],
        ['closed_at', 'moment'], ['created_at', 'moment'], ['updated_at', 'moment'],
        ['deal_pipeline', 'json'], ['deal_stage', 'json'], ['user', 'json', 'owner'], ['organization', 'json'],
        ['deal_source_id', 'text', 'source_id'], ['campaign_id', 'text'], ['deal_lost_reason_id', 'text', 'lost_reason_id'],
        ['deal_source', 'json'], ['campaign', 'json'], ['deal_custom_fields', 'json', 'custom_fields'],
    ]) }}
    {% else %}
    {{ staged('rdstation_v2', 'deals', [
        ['id', 'text'], ['name', 'text'], ['status', 'lower'], ['rating', 'integer'],
        ['one_time_price', 'number'], ['recurrence_price', 'number'], ['total_price', 'number'],
        ['expected_close_date', 'day'], ['closed_at', 'moment'], ['created_at', 'moment'], ['updated_at', 'moment'],
        ['pipeline_id', 'text'], ['stage_id', 'text'], ['owner_id', 'text'], ['organization_id', 'text'],
        ['source_id', 'text'], ['campaign_id', 'text'], ['lost_reason_id', 'text'], ['contact_ids', 'json'],
        ['custom_fields', 'json'],
    ]) }}
    {% endif %}
),

{% if var('rdstation_api') == 'v1' -%}
first_contacts as (
    select deal_id, min(id) as contact_id
    from (
        {{ staged('rdstation_v1', 'deal_contacts', [['deal_id', 'text'], ['id', 'text']], key=['deal_id', 'id']) }}
    ) as deal_contacts
    group by deal_id
),

{% endif -%}
named as (
    select
        id,
        name,
        rating,
        one_time_price,
        recurrence_price,
        expected_close_date,
        closed_at,
        created_at,
        updated_at,
        lost_reason_id,
        custom_fields,
        delivered_at,
        coalesce(total_price, coalesce(one_time_price, 0) + coalesce(recurrence_price, 0)) as total_price,
        {% if var('rdstation_api') == 'v1' %}
        case when win then 'won' when not win then 'lost' when hold then 'paused' else 'ongoing' end as status,
        coalesce({{ json_text('deal_stage', 'deal_pipeline_id') }}, {{ json_id('deal_pipeline') }}) as pipeline_id,
        {{ json_id('deal_stage') }} as stage_id,
        {{ json_id('owner') }} as owner_id,
        {{ json_id('organization') }} as organization_id,
        coalesce(source_id, {{ json_id('deal_source') }}) as source_id,
        coalesce(campaign_id, {{ json_id('campaign') }}) as campaign_id,
        first_contacts.contact_id as first_contact_id
        {% else %}
        status,
        pipeline_id,
        stage_id,
        owner_id,
        organization_id,
        source_id,
        campaign_id,
        {{ json_first('contact_ids') }} as first_contact_id
        {% endif %}
    from deals
    {% if var('rdstation_api') == 'v1' -%}
    left join first_contacts on first_contacts.deal_id = deals.id
    {%- endif %}
),

closed as (
    select
        id,
        name,
        status,
        rating,
        one_time_price,
        recurrence_price,
        total_price,
        expected_close_date,
        created_at,
        updated_at,
        -- RD Station leaves closed_at empty in some deals that were won.
        case when status in ('won', 'lost') then coalesce(closed_at, updated_at, created_at) end as closed_at,
        pipeline_id,
        stage_id,
        owner_id,
        organization_id,
        source_id,
        campaign_id,
        lost_reason_id,
        first_contact_id,
        custom_fields,
        delivered_at
    from named
)

select
    *,
    {{ local_day('created_at') }} as created_on,
    {{ local_day('closed_at') }} as closed_on
from closed
