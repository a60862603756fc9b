"""A broker's day on one machine: the OMS, its exchanges and its trade feed as processes, nobody at the keyboard."""
