"""The package that each door builds: every directory beside this one is a project once this is copied into it."""
