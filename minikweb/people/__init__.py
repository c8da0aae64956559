"""Who uses the pages: teachers, classes, students, and as whom each of them acts in the cluster."""
