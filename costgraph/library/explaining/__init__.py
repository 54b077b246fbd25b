"""What separates two forms, in words."""
