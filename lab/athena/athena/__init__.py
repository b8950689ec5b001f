"""The lab's Athena: queries in Trino's SQL over log groups and S3, run by DuckDB."""
