"""Recovery: the worker is killed in the middle of a 20 s job; how long until the job is done all the same.

`python -m bench.recovery`. Ours, watched and not, beside task queues from their released packages at their defaults.
"""
