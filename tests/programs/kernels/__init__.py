"""Programs this field knows, a module each, written as an author of a package would."""
