"""The front end of OpenQASM 3: text in, a program or diagnostics out. It knows no simulator."""
