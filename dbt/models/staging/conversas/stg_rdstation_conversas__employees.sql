{{ staged('rdstation_conversas', 'employees', [
    ['id', 'text'], ['name', 'text'], ['status', 'lower'],
]) }}
