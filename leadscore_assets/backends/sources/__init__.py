"""Leads wherever they lie: what files on a disk, objects in S3, Delta tables and SQL queries have in common."""
