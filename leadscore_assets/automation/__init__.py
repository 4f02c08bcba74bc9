"""What starts runs: jobs, schedules and sensors. Their arithmetic is in the domain."""
