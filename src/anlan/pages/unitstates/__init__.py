"""装置开停车与检修: what is declared, a new declaration, one of them, and its end."""
