"""Cold starts: each function beside the least and the usual that does its work, and what each lever gives."""
