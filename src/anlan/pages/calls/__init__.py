"""What calls a person on duty: the standing warnings, as every open page asks for them."""
