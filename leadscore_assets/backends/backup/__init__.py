"""Backups of a home: a store of files by their content, copies of databases that are at work, and the way back."""
