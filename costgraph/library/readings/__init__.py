"""Ways of counting one thing, all of them: what a number may mean."""
