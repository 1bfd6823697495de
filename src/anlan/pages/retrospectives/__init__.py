"""What late data showed afterwards (追溯记录): the list, and whether a period's figures were revised by it."""
