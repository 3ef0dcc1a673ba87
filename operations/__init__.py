"""The operators' commands of `unstuck`: inspect a deployment (doctor), find what a request created (find), requeue dead
letters (redrive), retry in bulk (bulk-retry), and compute beforehand what it costs (cost).

Never shipped to Lambda. Reads as it needs, and writes only through `shared.store` and `shared.aws.dispatch`.
"""
