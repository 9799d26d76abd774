"""What tests share: a running federation, clients, and ways to look into data folders. Not shipped."""
