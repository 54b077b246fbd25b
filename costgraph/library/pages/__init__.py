"""What was judged, as text, JSON, JUnit and pages."""
