"""辨识与分级 (GB 18218-2018): which units of an enterprise are major hazard sources, who says so, and until when."""
