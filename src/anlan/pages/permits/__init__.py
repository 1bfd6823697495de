"""特殊作业: the day of an enterprise, the works on record, the reports of days and their daily check."""
