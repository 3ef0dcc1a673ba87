"""The operators' commands of `unstuck`.

- preflight and smoke check a deployment, doctor checks its data.
- find gets the generation of a request.
- redrive requeues dead letters, bulk-retry retries many generations.
- cost estimates costs.

Never shipped to Lambda. Writes only through `shared.store` and `shared.aws.dispatch`.
"""
