"""What people see: progress while a sync runs, and tables when it is over."""
