"""Files that are whole or not there: writing, one container, typed records, and where a result came from."""
