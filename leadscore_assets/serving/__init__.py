"""The scoring server: /ping and /invocations as a container has them, and SageMaker Runtime's own path.

It follows one file, the desired state, which its host writes. What is served is one immutable reference; each request
reads it once. Leads are never logged.
"""
