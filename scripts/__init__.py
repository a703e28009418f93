"""Programs for developers: `./run test`, screenshots, Unicode's table. Nothing imports them."""
