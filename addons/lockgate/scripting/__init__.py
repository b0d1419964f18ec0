"""JavaScript: virtual endpoints and scripted middleware, in V8."""
