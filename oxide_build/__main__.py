"""`python -m oxide_build`: the command line, where the `oxide-build` script is not on the path."""

from oxide_build.cli import main

if __name__ == "__main__":
    main()
