"""`python -m quantum_operator`."""

from quantum_operator.main import main

if __name__ == "__main__":
    main()
