"""The content of lessons/: each step of each lesson is shown to be failable and solvable."""
