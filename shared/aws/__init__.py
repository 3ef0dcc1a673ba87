"""Everything of AWS but the store: clients, the queue, KMS, logs and metrics."""
