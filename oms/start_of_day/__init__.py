"""Start of day: files of other systems are checked, compared with our books and loaded, whole or not at all."""
