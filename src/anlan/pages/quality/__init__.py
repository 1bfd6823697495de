"""Pages of 数据质量: the five properties with what is found under each, and one enterprise with its trend."""
