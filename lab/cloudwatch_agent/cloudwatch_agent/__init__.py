"""Does in the lab what the Amazon CloudWatch agent does with log files, by the agent's own configuration file."""
