"""Synthetic hands: what to draw, drawing it with `tfhand.rendering`, and datasets of it.

    python -m tfhand.synthetic --help
"""
