"""The edges of AWS that are no store: clients, the queue, KMS, logs and metrics."""
