"""The only writer of DynamoDB and S3: one method for each row of the transition table, and the reads beside them.

Each of its modules serves one kind of caller; `whole.Store` is all of them over one table. Who needs a part alone, and
not the rest in its cold start, takes the part.
"""
