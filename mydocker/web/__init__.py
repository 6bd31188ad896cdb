"""Pages: parse, one service call, answer. No rules, no ORM; pages read `store.pages`."""
