"""Commands about accounts: the setup link and the first administrator."""
