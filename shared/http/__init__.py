"""Code that the HTTP functions share: the request, its checks, the response and its errors."""
