"""总览 and 值守大屏: what burns now, what is due next, how things stand; every figure opens the rows behind it."""
