"""The quiz's pages: `series` alone, `teacher` and `player` live, `report` afterwards. All work without JavaScript."""
