"""What whoever runs a deployment has: look at it (doctor), send dead letters back (redrive), retry in bulk (retry),
and know beforehand what it costs (cost).

Never shipped to Lambda. Reads as it needs, and writes only through `shared.store` and `shared.aws.dispatch`.
"""
