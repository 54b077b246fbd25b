"""Many plans, or many points: closed forms derived once per structure and evaluated in blocks of columns."""
