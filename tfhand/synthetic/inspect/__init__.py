"""Looking at samples: sheets of pictures, what a set covers in figures and plots, one hand to turn around.

    python -m tfhand.synthetic inspect --data-dir data/hands --out sheet.png --plots coverage.png
    python -m tfhand.synthetic inspect --data-dir data/hands --sample 7 --view hand.html
"""

from tfhand.synthetic.inspect.coverage import Coverage, coverage
from tfhand.synthetic.inspect.sheet import TILES, contact_sheet, draw_tile, save_sheet

__all__ = ["Coverage", "TILES", "contact_sheet", "coverage", "draw_tile", "save_sheet"]
