"""The only writer of DynamoDB and S3: one method for each row of the transition table, plus the reads.

Each module serves one kind of caller; `whole.Store` combines all of them. A function that needs only one part imports
only that part, which shortens its cold start.
"""
