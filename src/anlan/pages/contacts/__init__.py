"""我的联系方式: by which ways I and the duty desk that I keep are reached, and who stands in for me."""
