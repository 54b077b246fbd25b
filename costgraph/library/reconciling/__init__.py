"""Two numbers or formulas for one thing: how each was counted, and what separates them."""
