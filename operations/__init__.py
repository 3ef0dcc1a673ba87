"""The operators' commands of `unstuck`: inspect a deployment (doctor), requeue dead letters (redrive), retry in bulk
(bulk-retry), and compute beforehand what it costs (cost).

Never shipped to Lambda. Reads as it needs, and writes only through `shared.store` and `shared.aws.dispatch`.
"""
