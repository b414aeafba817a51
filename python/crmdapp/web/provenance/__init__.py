"""What the API and the pages of works and items share: the view, files, what waits to be signed."""
