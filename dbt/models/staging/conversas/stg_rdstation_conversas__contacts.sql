{{ staged('rdstation_conversas', 'contacts', [
    ['_id', 'text', 'id'], ['full_name', 'text', 'name'], ['email', 'lower'], ['cel_phone', 'text', 'phone'],
    ['channel', 'lower'],
]) }}
