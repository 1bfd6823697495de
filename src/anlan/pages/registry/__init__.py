"""登记: the register as a workbook, for administrators within what they administer."""
