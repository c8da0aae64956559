"""The engine of the lessons; their content is data in `lessons/`. Checks read the cluster through the client only."""
