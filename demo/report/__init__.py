"""`make report`: one page with the sales team's figures, from the tables of a DuckDB file.

The figures are the models below dbt/, rendered for DuckDB (models.py); what the page says of them in Portuguese and in
English is texts.py, and how it looks page.py and charts.py.
"""
