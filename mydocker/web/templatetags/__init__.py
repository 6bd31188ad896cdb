"""What templates can say, by the name under which Django finds it."""
