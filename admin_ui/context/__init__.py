"""What each page shows, as finished facts: templates compute nothing."""
