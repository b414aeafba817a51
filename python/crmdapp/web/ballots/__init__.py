"""What the API and the pages of elections and polls share."""
