"""`python -m arraymorph` is the command `arraymorph`."""

from .cli import main

if __name__ == "__main__":
    main()
