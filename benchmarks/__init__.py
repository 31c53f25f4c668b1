"""Measurements of this project beside a floor and beside the usual design, in one run and in turns."""
