"""The operators' commands of `unstuck`: check a deployment's data (doctor), find the generation of a request (find),
requeue dead letters (redrive), retry in bulk (bulk-retry), and estimate costs (cost).

Never shipped to Lambda. Writes only through `shared.store` and `shared.aws.dispatch`.
"""
