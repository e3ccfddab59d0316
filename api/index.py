"""What Vercel runs: the HTTP service, as an ASGI application."""

from app.serverless import application

app = application()
