"""我的待办: what one person owes now, for a thumb. The same page on a desk is the same list, wider."""
