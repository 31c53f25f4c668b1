"""Straight-line programs: declarations, standard gates and measurements, one after the other, without control flow.

Most programs are of this kind. They are read here without a parser; nothing here loads what the compiler takes.
"""
