"""数据质量: looks at the register and the data of every enterprise again and again; what it finds goes the way of all
findings, what it suspects is judged by a person first."""
