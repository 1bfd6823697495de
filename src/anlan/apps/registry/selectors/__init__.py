"""What other apps read of the registry."""
