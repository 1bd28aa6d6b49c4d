{{ staged('rdstation_v2', 'deals', [
    ['id', 'text', 'deal_id'], ['stage_id', 'text'], ['status', 'lower'], ['created_at', 'moment'],
    ['updated_at', 'moment'], ['closed_at', 'moment'],
], versions=true) }}
