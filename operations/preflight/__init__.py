"""Finds problems of an account, a token issuer and a file of parameters before a deploy. Only reads; `sam deploy`
deploys."""
