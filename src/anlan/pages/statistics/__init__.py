"""统计: tables of metrics by period and unit, their ranking, their definitions, and the facts behind each figure."""
