"""全程测试: the whole way from a sample to a person's telephone, tested by one act."""
